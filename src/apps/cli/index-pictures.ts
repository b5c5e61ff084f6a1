import { stat } from "node:fs/promises";
import { Command, Option } from "commander";
import { isVectorFile, readVectors } from "../../tasks/read-vectors.js";
import type { EmbeddedIndex } from "../../tasks/search/embedded-index.js";
import { fingerprintOf } from "../../tasks/search/fingerprint.js";
import { PRECISIONS, type Precision } from "../../tasks/search/manifest.js";
import { openIndex } from "../../tasks/search/open-index.js";
import type { IndexItem } from "../../tasks/search/search-index.js";
import { embedPictures } from "./embed-pictures.js";
import { EXIT } from "./exit-codes.js";
import { loadForCommand, MODEL_ARGUMENT, type ModelOptions, withModelOptions } from "./model-options.js";
import { expandPictures, type NamedPicture } from "./pictures.js";
import type { RunCommand } from "./program.js";
import { Report } from "./report.js";
import type { Terminal } from "./terminal.js";

interface IndexCommandOptions extends ModelOptions {
  out: string;
  pool?: "class" | "mean" | "pooler";
  precision?: Precision;
}

const EXAMPLES = `
Examples:
  vitrail index ./vit photos/ --out ./photos.index
  vitrail index ./vit vectors.parquet --out ./photos.index       or .npy, .safetensors, .jsonl: nothing is embedded again
  vitrail search ./photos.index cat.jpg --model ./vit

Pictures that are in the index already, and have not changed since, are passed over: stop it, and start it again.`;

/** Vectors of a file that go into the index together. */
const VECTORS_AT_ONCE = 1000;
/** Pictures after which the index is saved, so that little is lost when it is stopped. */
const SAVE_EVERY = 256;

/** `vitrail index`: makes an index of pictures, or brings one up to date. */
export function indexCommand(run: RunCommand): Command {
  const command = new Command("index")
    .description("put pictures into an index to be searched")
    .argument("<model>", MODEL_ARGUMENT)
    .argument(
      "<pictures...>",
      "files, folders or patterns; or vectors that `vitrail embed --out` or a batch wrote with the same model",
    )
    .requiredOption("--out <folder>", "the index; made where there is none")
    .addOption(new Option("--pool <kind>", "how tokens become one vector").choices(["class", "mean", "pooler"]))
    .addOption(new Option("--precision <kind>", "how vectors are kept").choices([...PRECISIONS]))
    .addHelpText("after", EXAMPLES);
  return withModelOptions(command).action((folder: string, names: string[], options: IndexCommandOptions) =>
    run(async (terminal) => {
      const vectorFiles = names.filter(isVectorFile);
      const pictures = await expandPictures(
        names.filter((name) => !isVectorFile(name)),
        terminal,
      );
      await using model = await loadForCommand(folder, options, terminal);
      const { out, pool, precision } = options;
      const fingerprint = await fingerprintOf(model, pool && { pool });
      await using index = await openIndex(out, { fingerprint, width: model.width, ...(precision && { precision }) });
      const report = Report.from(terminal, {});
      const facts = new Map<string, object>();
      const wanted: NamedPicture[] = [];
      for (const picture of pictures) {
        const own = await factsOf(picture);
        facts.set(picture.name, own);
        if (JSON.stringify((await index.get(picture.name))?.metadata) !== JSON.stringify(own)) wanted.push(picture);
      }
      let taken = 0;
      for (const file of vectorFiles) taken += await addVectors(index, file, terminal);
      let added = 0;
      for await (const { id, vector } of embedPictures(model, wanted, options, report, terminal)) {
        await index.add([{ id, vector, metadata: { ...facts.get(id) } }]);
        if (++added % SAVE_EVERY === 0) await index.save();
      }
      await index.save();
      if (vectorFiles.length > 0) terminal.note(`${taken} vectors taken over from ${vectorFiles.join(", ")}`);
      terminal.out(
        `${added} pictures indexed, ${pictures.length - wanted.length} unchanged; ${index.size} in "${out}"`,
      );
      return report.failures > 0 ? EXIT.someFailed : EXIT.ok;
    }),
  );
}

/** Vectors that were made before, by the same model: nobody can see of which they are but by their width. */
async function addVectors(index: EmbeddedIndex, file: string, terminal: Terminal): Promise<number> {
  let some: IndexItem[] = [];
  let taken = 0;
  const add = async () => {
    terminal.signal.throwIfAborted();
    await index.add(some);
    taken += some.length;
    some = [];
  };
  for await (const { id, vector } of readVectors(file)) {
    some.push({ id, vector });
    if (some.length === VECTORS_AT_ONCE) await add();
  }
  await add();
  await index.save();
  return taken;
}

/** What tells whether a file has changed; nothing for a picture that is none, or is missing. */
async function factsOf({ input }: NamedPicture): Promise<object> {
  const entry = typeof input === "string" ? await stat(input).catch(() => undefined) : undefined;
  return entry ? { bytes: entry.size, modified: entry.mtime.toISOString() } : {};
}
