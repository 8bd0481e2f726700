"""Fine-tune 语料构造器: documents in, question-and-answer samples for fine-tuning out.

start (files, trigger phrase) -> document extractor -> join and cut -> model -> JSONL text
"""

from difyflow import Flow
from difyflow.build import beside
from difyflow.nodes.code import Code, inputs, returns
from difyflow.nodes.document_extractor import DocumentExtractor
from difyflow.nodes.end import End, outputs
from difyflow.nodes.llm import LLM, chat, system, user
from difyflow.nodes.start import Start, files, text

here = beside(__file__)

flow = Flow("Fine-tune 语料构造器", version="0.1.5", description=here("description.md"))

start = flow.add(
    Start(
        title="开始",
        variables=(
            files("attachments", "语料文件", types=["document"], max_length=10),
            text(
                "trigger",
                "触发词(训练中的 system prompt)",
                # The editor left these three when the author changed the type from file to text.
                allowed_file_types=("image",),
                allowed_file_extensions=(),
                allowed_file_upload_methods=("local_file", "remote_url"),
            ),
        ),
    ),
    id="1735807686274",
    at=(30, 258),
)
extract = flow.add(
    DocumentExtractor(title="文档提取器", variable_selector=start.attachments, is_array_file=True),
    id="1735807758092",
    at=(334, 258),
)
merge = flow.add(
    Code(
        title="代码执行",
        variables=inputs(articleSections=extract.text),
        code=here("code/merge.py"),
        outputs=returns(result="string"),
    ),
    id="1735807761855",
    at=(638, 258),
)
prompt = f"「内容」\n{merge.result}\n「触发词」\n{start.trigger}"
llm = flow.add(
    LLM(
        model=chat(
            "siliconflow",
            "Qwen/Qwen2.5-72B-Instruct-128K",
            temperature=0.3,
            max_tokens=4096,
            frequency_penalty=0.5,
        ),
        prompt_template=(
            system(here("prompts/system.md"), id="b6913d40-d173-45d8-b012-98240d42a196"),
            user(prompt, id="61530521-14cf-4eaf-8f06-a4bc89db3cb1"),
        ),
    ),
    id="1735807764975",
    at=(942, 258),
)
end = flow.add(End(title="结束", outputs=outputs(text=llm.text)), id="1735807769820", at=(1246, 258))

start >> extract >> merge >> llm >> end

low_temperature, cut = "设置较低的 Temperature,提高输出格式的稳定性", "合并多个文档内容,并截取前 8W 字符"
flow.note(low_temperature, id="1735808753316", at=(951.4285714285714, 375.7142857142857), author="Dify")
flow.note(cut, id="1735808799815", at=(640, 338.5714285714286), author="Dify")
flow.view(zoom=0.7, on=llm)
