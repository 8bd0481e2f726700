"""__NAME__: documents in, question-and-answer samples for fine-tuning out, as JSONL (DSL 0.6.0, Dify 1.13).

Run it:  difyflow run . --input attachments=@book.pdf --input trigger='你是当代大儒' -o corpus.jsonl
"""

from difyflow import Flow
from difyflow.build import beside
from difyflow.nodes.code import Code, inputs, returns
from difyflow.nodes.document_extractor import DocumentExtractor
from difyflow.nodes.end import End, outputs
from difyflow.nodes.llm import LLM, chat, system, user
from difyflow.nodes.start import Start, files, text

here = beside(__file__)

flow = Flow("__NAME__", version="0.6.0")

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
    DocumentExtractor(title="文档提取器", variable_selector=start.attachments, is_array_file=True)
)
merge = flow.add(
    Code(
        title="合并",
        variables=inputs(sections=extract.text),
        code=here("code/merge.py"),
        outputs=returns(result="string"),
    )
)
llm = flow.add(
    LLM(
        title="生成语料",
        model=chat(
            "langgenius/siliconflow/siliconflow",
            "Qwen/Qwen2.5-72B-Instruct-128K",
            temperature=0.3,
            max_tokens=4096,
            frequency_penalty=0.5,
        ),
        prompt_template=(
            system(here("prompts/system.md")),
            user(f"「内容」\n{merge.result}\n「触发词」\n{start.trigger}"),
        ),
    )
)
end = flow.add(End(title="结束", outputs=outputs(text=llm.text)))

start >> extract >> merge >> llm >> end
