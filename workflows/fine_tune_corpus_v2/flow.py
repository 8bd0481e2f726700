"""Fine-tune 语料构造器 2: documents in, checked question-and-answer samples for fine-tuning out.

start (files, trigger phrase) -> document extractor -> split into sections
  -> each section: write samples -> read them -> check them against the section -> keep those with backing
  -> join -> JSONL text
"""

from steps import join, keep, read, split

from difyflow import Flow
from difyflow.build import beside, code
from difyflow.nodes.document_extractor import DocumentExtractor
from difyflow.nodes.end import End, outputs
from difyflow.nodes.iteration import Iteration
from difyflow.nodes.llm import LLM, chat, retry, system, user
from difyflow.nodes.start import Start, files, text

here = beside(__file__)
provider, model = "langgenius/siliconflow/siliconflow", "Qwen/Qwen2.5-72B-Instruct-128K"

flow = Flow("Fine-tune 语料构造器 2", version="0.6.0", description=here("description.md"))

start = flow.add(
    Start(
        title="开始",
        variables=(
            files("attachments", "语料文件", types=["document"], max_length=10),
            text("trigger", "触发词(训练中的 system prompt)"),
        ),
    )
)
extract = flow.add(
    DocumentExtractor(title="文档提取器", variable_selector=start.attachments, is_array_file=True),
    id="extract",
)
parts = flow.add(code(split, title="分节", documents=extract.text), id="split")

with flow.container(
    Iteration(
        title="逐节处理",
        iterator_selector=parts.sections,
        is_parallel=True,
        parallel_nums=4,
        # A section that fails is counted in the report; the others go on.
        error_handle_mode="continue-on-error",
    ),
    id="each",
) as each:
    write = each.add(
        LLM(
            title="出题",
            model=chat(provider, model, temperature=0.3, max_tokens=4096, frequency_penalty=0.5),
            prompt_template=(
                system(here("prompts/write.md")),
                user(f"「内容」\n{each.item}\n「触发词」\n{start.trigger}"),
            ),
            retry_config=retry(2, interval_ms=2000),
        ),
        id="write",
    )
    samples = each.add(code(read, title="取出样本", text=write.text, trigger=start.trigger), id="read")
    check = each.add(
        LLM(
            title="核对",
            model=chat(provider, model, temperature=0, max_tokens=1024),
            prompt_template=(
                system(here("prompts/check.md")),
                user(f"「原文」\n{each.item}\n「样本」\n{samples.listing}"),
            ),
            retry_config=retry(2, interval_ms=2000),
        ),
        id="check",
    )
    kept = each.add(
        code(keep, title="留下有据的", samples=samples.samples, verdict=check.text, section=each.item),
        id="keep",
    )
    each.start >> write >> samples >> check >> kept
    each.gives(kept.result)

corpus = flow.add(code(join, title="合并", rounds=each.output), id="join")
end = flow.add(End(title="结束", outputs=outputs(text=corpus.text)))

start >> extract >> parts >> each >> corpus >> end

flow.note("文档按章节拆分,不截断;一次运行最多 30 节,更长的文档先拆分", author="difyflow")
flow.note("「核对」逐条对照原文,无据的样本不进入语料;结果见「合并」的 report", author="difyflow")
