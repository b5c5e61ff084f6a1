import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { clustersReport } from "../../tasks/reports/similarity-report.js";
import { clusterVectors } from "../../tasks/search/cluster.js";
import type { NamedVector } from "../../tasks/write-vectors.js";
import { embedPictures, thumbnailsOf } from "./embed-pictures.js";
import { EXIT } from "./exit-codes.js";
import { loadForCommand, MODEL_ARGUMENT, type ModelOptions, withModelOptions } from "./model-options.js";
import { expandPictures } from "./pictures.js";
import type { RunCommand } from "./program.js";
import { numberArgument, Report } from "./report.js";

interface ClusterCommandOptions extends ModelOptions {
  count?: number;
  seed?: number;
  threshold?: number;
  html?: string;
  json?: true;
}

const EXAMPLES = `
Examples:
  vitrail cluster ./vit photos/ --html clusters.html
  vitrail cluster ./vit photos/ --count 8 --seed 1 --json`;

/** `vitrail cluster`: pictures that are alike, in groups. */
export function clusterCommand(run: RunCommand): Command {
  const command = new Command("cluster")
    .description("group pictures that are alike: by k-means with --count, else by density")
    .argument("<model>", MODEL_ARGUMENT)
    .argument("<pictures...>", "files, folders or patterns")
    .option("--count <clusters>", "so many clusters, by k-means", numberArgument)
    .option("--seed <number>", "where k-means begins (default: 0)", numberArgument)
    .option("--threshold <cosine>", "from which on two are neighbors, for density (default: chosen)", numberArgument)
    .option("--html <file>", "write a page with each cluster side by side")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES);
  return withModelOptions(command).action((folder: string, names: string[], options: ClusterCommandOptions) =>
    run(async (terminal) => {
      const pictures = await expandPictures(names, terminal);
      await using model = await loadForCommand(folder, options, terminal);
      const report = Report.from(terminal, {});
      const items: NamedVector[] = [];
      for await (const item of embedPictures(model, pictures, options, report, terminal)) items.push(item);
      const { count, seed, threshold } = options;
      const found = await clusterVectors(items, {
        ...(count !== undefined && { count }),
        ...(seed !== undefined && { seed }),
        ...(threshold !== undefined && { threshold }),
        signal: terminal.signal,
      });
      if (options.json) terminal.out(JSON.stringify(found, null, 2));
      else {
        for (const [i, cluster] of found.clusters.entries())
          terminal.out([`cluster ${i + 1}`, ...cluster].join("\n  "));
        if (found.alone.length > 0) terminal.out(["in no cluster", ...found.alone].join("\n  "));
      }
      if (options.html) {
        const shown = [...found.clusters.flat(), ...found.alone];
        await writeFile(options.html, clustersReport(found, await thumbnailsOf(shown, pictures)));
        terminal.note(`wrote ${options.html}`);
      }
      return report.failures > 0 ? EXIT.someFailed : EXIT.ok;
    }),
  );
}
