"""The measuring code of the working tree, whatever commit's dropout_fast is installed."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

PACKAGE = Path(__file__).parent.parent.parent / "dropout_fast"


def load_package(name: str, folder: Path) -> ModuleType:
    """Import the package in `folder` under a name of its own, beside any others of its kind."""
    spec = importlib.util.spec_from_file_location(name, folder / "__init__.py", submodule_search_locations=[str(folder)])
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder} holds no package")
    package = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    return package


def _load_module(package: str, name: str) -> ModuleType:
    alias = f"working_tree_{package}"
    if alias not in sys.modules:
        load_package(alias, PACKAGE / package)
    return importlib.import_module(f"{alias}.{name}")


clock = _load_module("bench", "clock")
columns = _load_module("bench", "columns")
memory = _load_module("bench", "memory")
small = _load_module("bench", "small")
startup = _load_module("bench", "startup")
network = _load_module("demo", "network")
