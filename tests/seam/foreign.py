"""Another program, which knows a contract only from files that protoc made, on PYTHONPATH.

foreign.py CONTRACT ADDRESS TOKEN METHOD    sends the JSON on stdin, prints the answer or the error as JSON
foreign.py serve                            keeps the sample: prints its port, then answers until it is ended
"""

from __future__ import annotations

import importlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from google.protobuf import json_format

NAME = "sample" if sys.argv[1] == "serve" else sys.argv[1]
messages = importlib.import_module(f"{NAME}.v1_pb2")
services = importlib.import_module(f"{NAME}.v1_pb2_grpc")
statuses = importlib.import_module("status_pb2")


def call(address: str, token: str, method: str) -> dict:
    (service,) = messages.DESCRIPTOR.services_by_name
    request = json_format.Parse(sys.stdin.read(), getattr(messages, f"{method}Request")())
    with grpc.insecure_channel(address, [("grpc.enable_http_proxy", 0)]) as channel:
        send = getattr(getattr(services, f"{service}Stub")(channel), method)
        try:
            answer = send(request, metadata=[("authorization", f"Bearer {token}")], timeout=20)
        except grpc.RpcError as error:
            return told(error)
    return json_format.MessageToDict(answer, preserving_proto_field_name=True)


def told(error: grpc.RpcError) -> dict:
    details = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
    found = messages.Error()
    for detail in statuses.Status.FromString(details).details:
        detail.Unpack(found)
    return {
        "status": error.code().name,
        "text": error.details(),
        "code": found.code,
        "message": found.message,
        "fields": dict(found.fields),
    }


class Keeper(getattr(services, "SampleServicer", object)):
    def GetThing(self, request, context):  # noqa: N802  protoc's name
        """The same thing, of which it keeps only what its version knows."""
        answer = messages.GetThingResponse()
        json_format.ParseDict(json_format.MessageToDict(request.thing), answer.result)
        return answer

    def ListNumbers(self, request, context):  # noqa: N802
        status = statuses.Status(code=grpc.StatusCode.FAILED_PRECONDITION.value[0], message="short")
        code = "sample.refused" if request.numbers[0] == 1 else "sample.newer"
        error = messages.Error(code=code, message="long", fields={"why": "old"})
        status.details.add().Pack(error)
        context.set_trailing_metadata([("grpc-status-details-bin", status.SerializeToString())])
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "short")


def serve() -> None:
    server = grpc.server(ThreadPoolExecutor(4))
    services.add_SampleServicer_to_server(Keeper(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        print(json.dumps(call(*sys.argv[2:])))
