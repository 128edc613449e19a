"""The request as an .http file, for the HTTP clients of editors."""

from urllib.parse import urlsplit

from upstream.samples.request import BODY_FILE, SampleRequest, SampleText


def http(request: SampleRequest) -> str:
    """Return the request as it goes over the wire, line by line.

    `{{$processEnv NAME}}` is how the REST Client of Visual Studio Code names an environment variable.
    """
    host = urlsplit(request.url.before).netloc
    size = len(request.body.encode())
    lines = [f"{request.method} {_filled(request.url)} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {_filled(value)}" for name, value in request.headers]
    lines += [f"Content-Length: {size}"] if size else []
    return "\n".join([*lines, "", f"< ./{BODY_FILE}" if request.in_file else request.body]) + "\n"


def _filled(value: SampleText) -> str:
    return value.before + (f"{{{{$processEnv {value.variable}}}}}" if value.variable else "") + value.after
