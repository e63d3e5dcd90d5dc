"""Put asv's measurements into a script, because a page on a disk may load scripts but may not fetch data files."""

import json
from pathlib import Path

NAME = "measurements.js"

#: jQuery asks its transports before it asks the network. The page's addresses end in ?timestamp=... The answers are delayed,
#: as those of a network are, because the page asks before all its parts are ready.
TRANSPORT = """
$.ajaxTransport("+json", function (options) {
    var name = decodeURIComponent(options.url.split("?")[0]);
    if (Object.prototype.hasOwnProperty.call(measurements, name)) {
        return {
            send: function (headers, complete) {
                setTimeout(function () { complete(200, "success", {json: measurements[name]}); }, 0);
            },
            abort: function () {}
        };
    }
});
"""


def bundle(html: Path) -> None:
    """Write the script, and make asv's index.html load it before its own scripts."""
    measurements = {
        path.relative_to(html).as_posix(): json.loads(path.read_text()) for path in sorted(html.rglob("*.json")) if path.is_file()
    }
    text = json.dumps(measurements, separators=(",", ":"))
    (html / NAME).write_text(f"var measurements = {text};{TRANSPORT}")
    index = html / "index.html"
    index.write_text(index.read_text().replace("</head>", f'  <script src="{NAME}"></script>\n  </head>', 1))
