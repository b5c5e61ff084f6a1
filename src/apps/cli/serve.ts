import { existsSync } from "node:fs";
import { basename } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { openIndex } from "../../tasks/search/open-index.js";
import type { SearchIndex } from "../../tasks/search/search-index.js";
import { createServer } from "../server/create-server.js";
import { jsonLog } from "../server/http/json-log.js";
import { type Listening, listen } from "../server/listen.js";
import type { ServerOptions } from "../server/server-options.js";
import { computeOptions, dtypeOption, type LoadingOptions, loadingOptions } from "./compute-options.js";
import { EXIT, UsageError } from "./exit-codes.js";
import { attributeArgument } from "./faces/attribute-argument.js";
import type { ModelOptions } from "./model-options.js";
import type { RunCommand } from "./program.js";
import { numberArgument } from "./report.js";
import type { Terminal } from "./terminal.js";

interface ServeOptions extends LoadingOptions, Pick<ModelOptions, "batch"> {
  model?: Models;
  faces?: true;
  attributes?: Record<string, string>;
  index?: string;
  indexModel?: string;
  port: number;
  host: string;
  urls?: true;
  results: boolean;
  publicUrl?: string;
  queue?: number;
  requestsPerMinute?: number;
}

interface Started {
  listening: Listening;
  index: SearchIndex | undefined;
}

/** Keys come from the environment, since arguments are seen by everyone on the machine. */
const KEYS = "VITRAIL_API_KEYS";

const EXAMPLES = `
Examples:
  vitrail serve --model emotions=./facial_emotions
  vitrail serve --model emotions=dima806/facial_emotions_image_detection@main
  vitrail serve --model nsfw=./nsfw --faces --attributes emotion=./facial_emotions --port 8080
  ${KEYS}=first-key,second-key vitrail serve --model vit=./vit --host 0.0.0.0

Every request is one JSON line on standard output. The first Ctrl-C or SIGTERM answers what has begun, the second ends at once.
Routes, limits and status codes: docs/server.md.`;

/** `vitrail serve`: models behind HTTP, as seven systems speak it. */
export function serveCommand(run: RunCommand): Command {
  const command = new Command("serve")
    .description("answer over HTTP as Hugging Face, SmartClick, Scaleflex, Azure ML, TEI, KServe and OpenAI do")
    .option(
      "--model <name=model>",
      "what to serve, by the name that clients use: a folder, or owner/name@revision on the Hub; give it again for more",
      modelArgument,
    )
    .option("--faces", "look for faces")
    .option("--attributes <name=model>", "what to say of each face; give it again for more", attributeArgument)
    .option("--index <folder>", "pictures to find similar ones among, as vitrail index made it")
    .option("--index-model <name>", "whose vectors the index has (default: the first model)")
    .option("--port <number>", "0 takes any that is free", numberArgument, 8080)
    .option("--host <address>", "0.0.0.0 for all networks", "127.0.0.1")
    .option("--urls", "fetch pictures that are given as URLs, from public addresses only")
    .option("--no-results", "keep no picture of /scaleflex for its `result`; by default for ten minutes, in memory")
    .option("--public-url <url>", "where clients find this server, for such a `result` (default: as they asked)")
    .option("--queue <pictures>", "pictures of a model that may wait (default: 64)", numberArgument)
    .option("--batch <pictures>", "pictures in one forward pass (default: 8)", numberArgument)
    .option("--requests-per-minute <count>", "for each API key (default: no limit)", numberArgument)
    .addHelpText("after", EXAMPLES);
  for (const option of [...computeOptions(), dtypeOption()]) command.addOption(option);
  return command.action((options: ServeOptions) => run((terminal) => serve(options, terminal)));
}

type Models = NonNullable<ServerOptions["models"]>;

/** Commander's way to collect `--model name=source`. Without a name, a source's is its last part; `owner/name@revision` is a revision on the Hub. */
function modelArgument(text: string, before: Models = {}): Models {
  const [, given, source = text] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  const [, id, revision] = existsSync(source) ? [] : (/^([\w.-]+\/[\w.-]+)@(.+)$/.exec(source) ?? []);
  const name = given ?? basename(id ?? source);
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`"${name}" was given already.`);
  return { ...before, [name]: id !== undefined && revision !== undefined ? { model: id, revision } : source };
}

async function serve(options: ServeOptions, terminal: Terminal): Promise<number> {
  // From the very beginning: the first process of a container is not ended by signals that it does not listen for.
  const stopped = stopAsked(terminal.signal);
  const started = await Promise.race([start(options, terminal), stopped]);
  // Loading can't be stopped half-way, and nobody was answered yet.
  if (!started) process.exit(EXIT.ok);
  const { listening, index } = started;
  terminal.note(`listening on ${listening.url}`);
  await stopped;
  terminal.note("answering what has begun …");
  await listening.close();
  await index?.close();
  return EXIT.ok;
}

async function start(options: ServeOptions, terminal: Terminal): Promise<Started> {
  const { index: folder, port, host } = options;
  const index = folder === undefined ? undefined : await openIndex(folder);
  const progress = terminal.progress("loading models");
  try {
    // The port is open while models load, so that those who watch see a process that lives and is not ready.
    const loading = createServer({
      ...serverOptions(options),
      ...(index && { index: { model: indexModel(options), search: index } }),
      log: jsonLog((line) => terminal.out(line)),
    });
    const listening = await listen(loading, { port, host }).catch((error: NodeJS.ErrnoException) => {
      loading.then((server) => server.close()).catch(() => {});
      throw new UsageError(`Port ${port} of ${host} can't be had (${error.code}).`);
    });
    terminal.note(`loading, with /health/ready at ${listening.url}`);
    await listening.ready;
    return { listening, index };
  } finally {
    progress.end();
  }
}

function serverOptions(options: ServeOptions): ServerOptions {
  const { model, attributes, queue, batch, requestsPerMinute, results, publicUrl } = options;
  const apiKeys = (process.env[KEYS] ?? "").split(",").filter(Boolean);
  return {
    ...(model && { models: model }),
    ...((options.faces || attributes) && { faces: { attributes: attributes ?? {} } }),
    ...(options.urls && { urls: "public" as const }),
    results: results ? "kept" : "none",
    ...(publicUrl !== undefined && { publicUrl }),
    ...loadingOptions(options),
    ...(queue !== undefined && { queue }),
    ...(batch !== undefined && { batch }),
    ...(requestsPerMinute !== undefined && { requestsPerMinute }),
    apiKeys,
  };
}

function indexModel({ indexModel: name, model = {} }: ServeOptions): string {
  const chosen = name ?? Object.keys(model)[0];
  if (chosen === undefined)
    throw new UsageError("--index needs the model that its vectors are from: add --model NAME=MODEL.");
  return chosen;
}

/** The first signal ends the waiting, the second the process. */
function stopAsked(interrupt: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      const force = () => process.exit(EXIT.someFailed);
      process.once("SIGTERM", force);
      process.once("SIGINT", force);
      resolve();
    };
    process.once("SIGTERM", stop);
    if (interrupt.aborted) stop();
    interrupt.addEventListener("abort", stop, { once: true });
  });
}
