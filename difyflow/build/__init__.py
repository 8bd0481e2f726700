"""The Python front door: write a workflow, end in a `dsl.App`."""

from difyflow.build.files import beside
from difyflow.build.flow import Flow
from difyflow.build.functions import code
from difyflow.build.refs import NodeRef, OutputRef
from difyflow.build.verbatim import Verbatim

__all__ = ["Flow", "NodeRef", "OutputRef", "Verbatim", "beside", "code"]
