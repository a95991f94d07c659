"""Lets into the server whoever has a token, and turns all others away before anything is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import grpc
from grpc_health.v1 import health

from seam.credentials import Credentials, Refused


class Doorkeeper(grpc.ServerInterceptor):
    """Lets in who has a token for the contract called; anybody may ask how we are."""

    def __init__(self, credentials: Credentials, names: dict[str, str]) -> None:
        self._credentials, self._names = credentials, names

    def intercept_service(self, continuation: Callable[..., Any], details: grpc.HandlerCallDetails) -> Any:
        service = details.method.strip("/").partition("/")[0]
        if service == health.SERVICE_NAME:
            return continuation(details)
        metadata = {key: value for key, value in details.invocation_metadata if isinstance(value, str)}
        # What is no contract of ours, such as reflection, is for whoever may call one of them.
        audiences = [self._names[service]] if service in self._names else [*self._names.values()]
        try:
            self._credentials.verify(metadata.get("authorization", ""), audiences)
        except Refused as refused:
            return _refusing(str(refused))
        return continuation(details)


def _refusing(reason: str) -> grpc.RpcMethodHandler:
    def refuse(_request: bytes, context: grpc.ServicerContext) -> NoReturn:
        context.abort(grpc.StatusCode.UNAUTHENTICATED, reason)

    return grpc.unary_unary_rpc_method_handler(refuse)
