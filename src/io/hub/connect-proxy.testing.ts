import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";

/** An HTTP proxy on loopback that makes tunnels, whatever name the host has, and remembers for whom. */
export class ConnectProxy {
  readonly requests: { to: string; login: string | undefined }[] = [];
  /** What it answers; 200 makes the tunnel. */
  status = 200;
  private readonly server = createServer();

  static async start(): Promise<ConnectProxy> {
    const proxy = new ConnectProxy();
    proxy.server.on("connect", (request, socket) => {
      proxy.requests.push({ to: request.url ?? "", login: request.headers["proxy-authorization"] });
      if (proxy.status !== 200) return void socket.end(`HTTP/1.1 ${proxy.status} No\r\n\r\n`);
      // Only the proxy knows where "hub.test" is.
      const upstream = connect(Number(request.url?.split(":")[1]), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
        upstream.pipe(socket).pipe(upstream);
      });
      for (const end of [socket, upstream]) end.on("error", () => {});
    });
    await new Promise<void>((done) => proxy.server.listen(0, "127.0.0.1", done));
    proxy.host = `127.0.0.1:${(proxy.server.address() as AddressInfo).port}`;
    return proxy;
  }

  host = "";

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}
