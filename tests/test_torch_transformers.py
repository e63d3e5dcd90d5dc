"""`replace_dropout` on models of the package transformers, with random weights; and a transformer trained with both dropouts."""

import warnings

import pytest

torch = pytest.importorskip("torch")

import dropout_fast.torch as ours
from dropout_fast.torch import replace_dropout

COMMON = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128}


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        yield


def bert(transformers):
    model = transformers.BertModel(transformers.BertConfig(vocab_size=100, **COMMON))
    return model, {"input_ids": torch.randint(0, 100, (4, 20))}


def gpt2(transformers):
    config = transformers.GPT2Config(vocab_size=100, n_embd=64, n_layer=2, n_head=4, n_positions=32, bos_token_id=0, eos_token_id=0)
    return transformers.GPT2Model(config), {"input_ids": torch.randint(0, 100, (4, 20))}


def vit(transformers):
    config = transformers.ViTConfig(image_size=32, patch_size=8, hidden_dropout_prob=0.1, **COMMON)
    return transformers.ViTModel(config), {"pixel_values": torch.randn(4, 3, 32, 32)}


@pytest.mark.parametrize("make", [bert, gpt2, vit])
@pytest.mark.filterwarnings("ignore")
def test_models_of_transformers(make):
    transformers = pytest.importorskip("transformers")
    model, inputs = make(transformers)
    model.eval()
    before = model(**inputs)[0]
    dropouts = [module for module in model.modules() if type(module) is torch.nn.Dropout]
    replace_dropout(model)
    assert len(dropouts) > 2 and {type(module) for module in dropouts} == {ours.Dropout}
    assert torch.equal(model(**inputs)[0], before)
    model.train()
    torch.manual_seed(3)
    first = model(**inputs)[0]
    first.square().sum().backward()
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    assert len(gradients) > 10 and all(gradient.isfinite().all() for gradient in gradients)
    assert not torch.allclose(first, before) and not torch.equal(model(**inputs)[0], first)
    torch.manual_seed(3)
    assert torch.equal(model(**inputs)[0], first)
    assert torch.equal(model.eval()(**inputs)[0], before)


def trained_loss(replace, seed):
    """Loss of a small transformer on new data, after it has learned to tell whether a sequence's first token comes again."""
    torch.manual_seed(seed)
    layer = torch.nn.TransformerEncoderLayer(64, 4, 128, dropout=0.2, batch_first=True)
    embedding, head = torch.nn.Embedding(20, 64), torch.nn.Linear(64, 1)
    model = torch.nn.ModuleList([embedding, torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), head])
    replace(model)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    generator = torch.Generator().manual_seed(seed)

    def loss():
        tokens = torch.randint(0, 20, (64, 12), generator=generator)
        wanted = (tokens[:, 1:] == tokens[:, :1]).any(1)
        scores = model[2](model[1](model[0](tokens))[:, 0])[:, 0]
        return torch.nn.functional.binary_cross_entropy_with_logits(scores, wanted.float())

    for _ in range(100):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        return sum(loss().item() for _ in range(20)) / 20


@pytest.mark.long
def test_a_transformer_learns_as_well_with_ours():
    """A paired t-test over eight seeds; a false alarm once in a thousand runs."""
    stats = pytest.importorskip("scipy.stats")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pairs = [(trained_loss(replace_dropout, seed), trained_loss(lambda model: model, seed)) for seed in range(8)]
    print(pairs)
    assert stats.ttest_1samp([ours - theirs for ours, theirs in pairs], 0.0).pvalue > 1e-3
