"""An HTTP proxy that prints the method and the path of each request."""
import http.client
import http.server
from urllib.parse import urlsplit


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def forward(self):
        url = urlsplit(self.path)
        print(self.command, url.path, flush=True)
        registry = http.client.HTTPConnection(url.netloc, timeout=60)
        registry.putrequest(self.command, url._replace(scheme="", netloc="").geturl(), skip_host=True, skip_accept_encoding=True)
        # Docker says Accept several times, and means each.
        for name, value in self.headers.items():
            registry.putheader(name, value)
        registry.endheaders()
        answer = registry.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", answer.getheader("Content-Length") or str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = do_POST = forward

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", 3128), Proxy).serve_forever()
