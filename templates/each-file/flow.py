"""__NAME__: sums up every file, several at a time, and joins the summaries (DSL 0.5.0, Dify 1.10).

Run it:  difyflow run . --input documents=@a.pdf --input documents=@b.docx
"""

from difyflow import Flow
from difyflow.nodes.document_extractor import DocumentExtractor
from difyflow.nodes.end import End, outputs
from difyflow.nodes.iteration import Iteration
from difyflow.nodes.llm import LLM, chat, system, user
from difyflow.nodes.start import Start, files, select
from difyflow.nodes.template_transform import TemplateTransform, inputs

flow = Flow("__NAME__", version="0.5.0")

start = flow.add(
    Start(
        variables=(
            files("documents", "Documents", types=["document"], max_length=20),
            select("length", "Length", ["one sentence", "three sentences", "one page"]),
        )
    )
)

with flow.container(
    Iteration(
        title="Each file",
        iterator_selector=start.documents,
        is_parallel=True,
        parallel_nums=4,
        # A file that cannot be read is left out; the others go on.
        error_handle_mode="remove-abnormal-output",
    )
) as each:
    text = each.add(DocumentExtractor(title="Text", variable_selector=each.item), id="text")
    summary = each.add(
        LLM(
            title="Sum up",
            model=chat("langgenius/openai/openai", "gpt-4o-mini", temperature=0.3),
            prompt_template=(
                system(f"Sum the text up in {start.length}, in its own language."),
                user(f"{text.text}"),
            ),
        ),
        id="summary",
    )
    each.start >> text >> summary
    each.gives(summary.text)

report = flow.add(
    TemplateTransform(
        title="Join",
        variables=inputs(summaries=each.output),
        template="{% for summary in summaries %}\n## {{ loop.index }}\n\n{{ summary }}\n{% endfor %}",
    ),
    id="report",
)
end = flow.add(End(outputs=outputs(report=report.output)))

start >> each >> report >> end
