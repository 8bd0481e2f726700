"""What the service API and the console API share: an address, a version, connections to close."""

from __future__ import annotations

from difyflow.client.transport import Transport


class Api:
    """One API of one server, reached by a transport."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    @property
    def base_url(self) -> str:
        """Address that the paths of calls go behind: `https://HOST/v1`, or `https://HOST/console/api`."""
        return self.transport.base_url

    @property
    def server_version(self) -> str:
        """`X-Version` of the last answer; empty before the first one."""
        return self.transport.server_version

    def close(self) -> None:
        """Closes all connections; idempotent."""
        self.transport.close()
