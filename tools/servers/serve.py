"""Runs a server of `.cache/servers` until standard input ends: prints its address as a line, then keeps still.

    python serve.py postgres FOLDER     a URI for the package pg
    python serve.py milvus FOLDER       host:port
"""

import sys


def postgres(folder: str) -> None:
    import pgserver

    with pgserver.get_server(folder, cleanup_mode="delete") as server:
        wait(server.get_uri())


def milvus(folder: str) -> None:
    from milvus_lite.adapter.grpc.server import start_server_in_thread

    server, database, port = start_server_in_thread(folder)
    wait(f"127.0.0.1:{port}")
    server.stop(grace=1).wait()
    database.close()


def wait(address: str) -> None:
    print(address, flush=True)
    sys.stdin.read()


{"postgres": postgres, "milvus": milvus}[sys.argv[1]](sys.argv[2])
