"""A mail server that takes every message and keeps none, at a port it prints."""

import socketserver


class Conversation(socketserver.StreamRequestHandler):
    def handle(self):
        self.say(b"220 sink")
        while line := self.rfile.readline():
            word = line[:4].upper().strip()
            if word == b"DATA":
                self.say(b"354 go on")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
            self.say(b"221 bye" if word == b"QUIT" else b"250 fine")

    def say(self, words):
        self.wfile.write(words + b"\r\n")


if __name__ == "__main__":
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
