"""An HTTP proxy that prints the method, path and query of each request."""
import http.client
import http.server
from urllib.parse import urlsplit

HOP_BY_HOP = ("connection", "content-length", "transfer-encoding", "expect")


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def forward(self):
        url = urlsplit(self.path)
        target = url._replace(scheme="", netloc="").geturl()
        print(self.command, target, flush=True)
        content = self.content()
        registry = http.client.HTTPConnection(url.netloc, timeout=60)
        registry.putrequest(self.command, target, skip_host=True, skip_accept_encoding=True)
        # Docker says Accept several times, and means each.
        for name, value in self.headers.items():
            if name.lower() not in HOP_BY_HOP:
                registry.putheader(name, value)
        if content or self.command in ("POST", "PUT", "PATCH"):
            registry.putheader("Content-Length", str(len(content)))
        registry.endheaders(content)
        answer = registry.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", answer.getheader("Content-Length") or str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def content(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        content = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return content

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = forward

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", 3128), Proxy).serve_forever()
