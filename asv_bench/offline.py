"""asv's measurements as a script, so that its page opens from a disk: browsers refuse to fetch files beside a file."""

import json
from pathlib import Path

NAME = "measurements.js"

#: jQuery asks its transports before it asks the network; the page's addresses end in ?timestamp=... Answers come later, as
#: from a network: the page's parts register themselves after the first question.
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
    """Write the script, and let asv's index.html load it before its own."""
    measurements = {
        path.relative_to(html).as_posix(): json.loads(path.read_text()) for path in sorted(html.rglob("*.json")) if path.is_file()
    }
    text = json.dumps(measurements, separators=(",", ":"))
    (html / NAME).write_text(f"var measurements = {text};{TRANSPORT}")
    index = html / "index.html"
    index.write_text(index.read_text().replace("</head>", f'  <script src="{NAME}"></script>\n  </head>', 1))
