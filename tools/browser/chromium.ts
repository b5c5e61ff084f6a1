import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Readable, Writable } from "node:stream";

const NAMES = [process.env.CHROMIUM, "chromium", "chromium-browser", "google-chrome"];
/** A page that has not answered within this never will, in milliseconds. */
const PATIENCE_MS = 20_000;

/** The browser of this machine, if it has one. */
export function findChromium(): string | undefined {
  return NAMES.find((name) => name && spawnSync(name, ["--version"]).status === 0);
}

type Message = {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: never;
  error?: { message: string };
};

/** A page in a headless Chromium, spoken to over a pipe with its own protocol: no driver, no port. */
export class ChromiumPage {
  /** What the page asked the network for. */
  readonly requests: string[] = [];
  /** What went wrong in it: exceptions, and what its policy forbade. */
  readonly faults: string[] = [];
  private nextId = 1;
  private readonly waiting = new Map<number, { resolve(result: never): void; reject(error: Error): void }>();
  private session: string | undefined;

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {
    let rest = "";
    (child.stdio[4] as Readable).on("data", (data: Buffer) => {
      const messages = (rest + data.toString()).split("\0");
      rest = messages.pop()!;
      for (const message of messages) this.receive(JSON.parse(message));
    });
  }

  static async open(chromium: string, url: string): Promise<ChromiumPage> {
    const folder = mkdtempSync(join(tmpdir(), "vitrail-chromium-"));
    const flags = [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--remote-debugging-pipe",
      `--user-data-dir=${folder}`,
    ];
    const child = spawn(chromium, flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    const page = new ChromiumPage(child, folder);
    const { targetId } = await page.send<{ targetId: string }>("Target.createTarget", { url: "about:blank" });
    const attached = await page.send<{ sessionId: string }>("Target.attachToTarget", { targetId, flatten: true });
    page.session = attached.sessionId;
    for (const domain of ["Page", "Runtime", "Network", "Log", "DOM"]) await page.send(`${domain}.enable`);
    await page.send("Page.navigate", { url });
    await page.until("document.readyState === 'complete'");
    return page;
  }

  /** The value of an expression in the page. */
  async evaluate<Value>(expression: string): Promise<Value> {
    const { result } = await this.send<{ result: { value: Value } }>("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    return result.value;
  }

  /** Waits until an expression in the page is true. */
  async until(expression: string): Promise<void> {
    for (const start = performance.now(); !(await this.evaluate<boolean>(expression)); ) {
      if (performance.now() - start > PATIENCE_MS) throw new Error(`The page did not come to: ${expression}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Chooses a file in an input, as a person does. */
  async chooseFile(selector: string, file: string): Promise<void> {
    const { root } = await this.send<{ root: { nodeId: number } }>("DOM.getDocument");
    const { nodeId } = await this.send<{ nodeId: number }>("DOM.querySelector", { nodeId: root.nodeId, selector });
    await this.send("DOM.setFileInputFiles", { nodeId, files: [file] });
  }

  /** Drags a file onto an element and drops it. */
  async dropFile(selector: string, file: string): Promise<void> {
    const { x, y } = await this.evaluate<{ x: number; y: number }>(
      `(({ x, y, width, height }) => ({ x: x + width / 2, y: y + height / 2 }))(document.querySelector("${selector}").getBoundingClientRect())`,
    );
    const data = { items: [], files: [file], dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"])
      await this.send("Input.dispatchDragEvent", { type, x, y, data });
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    // So that its own processes end with it.
    this.session = undefined;
    this.send("Browser.close").catch(() => {});
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 5_000);
    await ended;
    clearTimeout(timer);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  private send<Result>(method: string, params: object = {}): Promise<Result> {
    const id = this.nextId++;
    const message = { id, method, params, ...(this.session && { sessionId: this.session }) };
    (this.child.stdio[3] as Writable).write(`${JSON.stringify(message)}\0`);
    return new Promise<Result>((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  private receive({ id, method, params, result, error }: Message): void {
    if (id !== undefined) {
      const { resolve, reject } = this.waiting.get(id)!;
      this.waiting.delete(id);
      if (error) reject(new Error(error.message));
      else resolve(result!);
    } else if (method === "Network.requestWillBeSent") this.requests.push((params!.request as { url: string }).url);
    else if (method === "Runtime.exceptionThrown") this.faults.push(JSON.stringify(params));
    else if (method === "Log.entryAdded" && (params!.entry as { level: string }).level === "error")
      this.faults.push((params!.entry as { text: string }).text);
  }
}
