"""Put the scripts and styles that asv's page loads from public networks beside the page, from packages of the npm registry.

All are under the MIT licence. The licence text of each package is put beside its files; flot-orderbars has it in the file.
"""

import hashlib
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import NamedTuple

from ..paths import WORKING_FILES

#: Unpacked packages.
PACKAGES = WORKING_FILES / "npm"

#: The folder beside the page.
FOLDER = "third_party"


class File(NamedTuple):
    """A file of an npm package."""

    package: str
    path: str
    sha256: str


#: Files by the last part of the address in asv's page. jquery, orderBars, md5 and bootstrap are byte for byte what the page asks
#: for. flot is the same version, but not minified. stupidtable is a later version, because the registry lacks the one asked for.
FILES = {
    "jquery-3.3.1.min.js": File(
        "jquery@3.3.1", "dist/jquery.min.js", "160a426ff2894252cd7cebbdd6d6b7da8fcd319c65b70468f10b6690c45d02ef"
    ),
    "jquery.flot.min.js": File("flot@0.8.3", "jquery.flot.js", "b7b931f273c38b1277b9c6c1f4e05c4ec09885a487bddaf3279e2d7e49a38e12"),
    "jquery.flot.time.min.js": File(
        "flot@0.8.3", "jquery.flot.time.js", "a582c832adc7138a6b05aaf61f16ebac274701f1be4afea77e739a1c34b9c41a"
    ),
    "jquery.flot.selection.min.js": File(
        "flot@0.8.3", "jquery.flot.selection.js", "e6c85f6c1ebe4b4da29d8ae238c7c5060283f05f7ef054f6b91817d02c092918"
    ),
    "jquery.flot.categories.min.js": File(
        "flot@0.8.3", "jquery.flot.categories.js", "6e81664b28ea795c734906f4aa15614640a75ac7fbd399a7fb9084040698351a"
    ),
    "jquery.flot.orderBars.js": File(
        "flot-orderbars@1.0.0", "js/jquery.flot.orderBars.js", "39735b4f46f96ff4e082572401f47c55a2767b366fd1d1e821e44a8d830a12bf"
    ),
    "stupidtable.min.js": File(
        "stupid-table-plugin@1.1.3", "stupidtable.min.js", "4642380f28ebe9ed7cac251793b281ef8620c4386205d92788f9b12f5cceb4e0"
    ),
    "md5.min.js": File("blueimp-md5@2.19.0", "js/md5.min.js", "64d7ded388c562e4bde9e58ce205e5fa01b9734fcd434d496eb7b4fbfe9b927d"),
    "bootstrap.min.js": File(
        "bootstrap@3.1.1", "dist/js/bootstrap.min.js", "898d05a17f2cfc5120ddcdba47a885c378c0b466f30f0700e502757e24b403a1"
    ),
    "bootstrap.min.css": File(
        "bootstrap@3.1.1", "dist/css/bootstrap.min.css", "e9503448692b738dd260fbd7f7cabf2e11f09b600fa97e6eb3a56eba5b1a7e9b"
    ),
}

#: The attribute of a tag with an address on a network, and the rest of the tag.
REMOTE = re.compile(r'(?P<attribute>src|href)="https?://[^"]*/(?P<name>[^"/]+)" integrity="[^>]*>')


def place(html: Path) -> None:
    """Put the files beside asv's index.html, and make the page load them from there."""
    index = html / "index.html"
    page = localised(index.read_text())
    for name, file in FILES.items():
        target = html / FOLDER / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(checked(file))
        licence = next(_unpacked(file.package).glob("LICENSE*"), None)
        if licence is not None:
            shutil.copy(licence, html / FOLDER / f"LICENSE of {file.package}.txt")
    index.write_text(page)


def localised(page: str) -> str:
    """Replace the network addresses in asv's page by those of `FILES` beside it.

    Raises
    ------
    ValueError
        The page loads something that `FILES` lacks, because asv has changed.
    """
    unknown = {match["name"] for match in REMOTE.finditer(page)} - set(FILES)
    page = REMOTE.sub(lambda match: f'{match["attribute"]}="{FOLDER}/{match["name"]}">', page)
    unknown |= set(re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="(https?:[^"]*)"', page))
    if unknown:
        raise ValueError(f"asv's page loads {sorted(unknown)}, which third_party.FILES does not have.")
    return page


def checked(file: File) -> bytes:
    """Return what the file holds, after a check of its SHA-256."""
    content = (_unpacked(file.package) / file.path).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != file.sha256:
        raise ValueError(f"{file.path} of {file.package} has the SHA-256 {digest}; expected {file.sha256}.")
    return content


def _unpacked(package: str) -> Path:
    folder = PACKAGES / package
    if not folder.exists():
        scratch = PACKAGES / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        subprocess.run(
            ["npm", "pack", "--silent", "--pack-destination", str(scratch), package], check=True, stdout=subprocess.DEVNULL
        )
        (archive,) = scratch.glob("*.tgz")
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        (scratch / "package").rename(folder)
        shutil.rmtree(scratch)
    return folder
