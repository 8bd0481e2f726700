"""__NAME__: asks a web service, picks with Python, writes a report (DSL 0.5.0, Dify 1.10).

Run it:  difyflow run . --input repository=langgenius/dify
"""

from typing import TypedDict

from difyflow import Flow
from difyflow.build import code
from difyflow.nodes.end import End, outputs
from difyflow.nodes.http_request import HttpRequest, Timeout, lines, retry
from difyflow.nodes.start import Start, text
from difyflow.nodes.template_transform import TemplateTransform, inputs


class Picked(TypedDict):
    releases: list[dict[str, object]]
    count: int


def pick(body: str) -> Picked:
    """Name, date and link of each release, the newest first."""
    import json

    found = [
        {
            "name": item.get("name") or item["tag_name"],
            "date": item["published_at"][:10],
            "url": item["html_url"],
        }
        for item in json.loads(body)
        if not item.get("draft")
    ]
    return {"releases": found, "count": len(found)}


flow = Flow("__NAME__", version="0.5.0")
service = flow.env("service", "https://api.github.com", description="Address of the web service")

start = flow.add(Start(variables=(text("repository", "Repository, as owner/name", max_length=100),)))
ask = flow.add(
    HttpRequest(
        title="Ask for releases",
        url=f"{service}/repos/{start.repository}/releases",
        headers=lines(("Accept", "application/json")),
        params=lines(per_page=10),
        timeout=Timeout(connect=10, read=30),
        retry_config=retry(2),
        error_strategy="fail-branch",
    ),
    id="ask",
)
picked = flow.add(code(pick, title="Pick", body=ask.body), id="picked")
report = flow.add(
    TemplateTransform(
        title="Report",
        variables=inputs(name=start.repository, count=picked["count"], releases=picked.releases),
        template=(
            "# {{ name }}: the last {{ count }} releases\n"
            "{% for release in releases %}\n"
            "- {{ release.date }} [{{ release.name }}]({{ release.url }})\n"
            "{%- endfor %}\n"
        ),
    ),
    id="report",
)
end = flow.add(End(title="Report", outputs=outputs(report=report.output)))

start >> ask >> picked >> report >> end

with ask.on("fail-branch") as failed:
    unreachable = flow.add(
        End(title="Not reached", outputs=outputs(error=ask.error_message)), id="unreachable"
    )
    failed >> unreachable
