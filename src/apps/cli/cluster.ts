import { Command, Option } from "commander";
import { clustersReport, type Thumbnails } from "../../tasks/reports/similarity-report.js";
import { CLUSTER_METHODS, type ClusterMethod, clusterVectors } from "../../tasks/search/cluster.js";
import { embedForCommand, writePage } from "./embed-pictures.js";
import { MODEL_ARGUMENT, type ModelOptions, withModelOptions } from "./model-options.js";
import type { RunCommand } from "./program.js";
import { numberArgument } from "./report.js";
import { prepareFolder } from "./write-file.js";

interface ClusterCommandOptions extends ModelOptions {
  method?: ClusterMethod;
  count?: number;
  seed?: number;
  smallest?: number;
  neighbors?: number;
  html?: string;
  json?: true;
}

const EXAMPLES = `
Examples:
  vitrail cluster ./vit photos/ --html clusters.html
  vitrail cluster ./vit photos/ --smallest 3
  vitrail cluster ./vit photos/ --count 8 --seed 1 --json`;

/** `vitrail cluster`: pictures that are alike, in groups. */
export function clusterCommand(run: RunCommand): Command {
  const command = new Command("cluster")
    .description("group pictures that are alike: by k-means with --count, else by HDBSCAN, which leaves some alone")
    .argument("<model>", MODEL_ARGUMENT)
    .argument("<pictures...>", "files, folders or patterns")
    .addOption(new Option("--method <name>", "how (default: as said above)").choices([...CLUSTER_METHODS]))
    .option("--count <clusters>", "so many clusters, by k-means", numberArgument)
    .option("--seed <number>", "where k-means begins (default: 0)", numberArgument)
    .option("--smallest <pictures>", "members of the smallest cluster, for HDBSCAN (default: 5)", numberArgument)
    .option(
      "--neighbors <pictures>",
      "by which density is measured, for HDBSCAN (default: as --smallest)",
      numberArgument,
    )
    .option("--html <file>", "write a page with each cluster side by side")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES);
  return withModelOptions(command).action((folder: string, names: string[], options: ClusterCommandOptions) =>
    run(async (terminal) => {
      if (options.html) await prepareFolder(options.html);
      const { pictures, vectors, exitCode } = await embedForCommand(folder, names, options, terminal);
      const { method, count, seed, smallest, neighbors } = options;
      const found = await clusterVectors(vectors, {
        ...(method && { method }),
        ...(count !== undefined && { count }),
        ...(seed !== undefined && { seed }),
        ...(smallest !== undefined && { smallest }),
        ...(neighbors !== undefined && { neighbors }),
        signal: terminal.signal,
      });
      if (options.json) terminal.out(JSON.stringify(found, null, 2));
      else {
        for (const [i, cluster] of found.clusters.entries())
          terminal.out([`cluster ${i + 1}`, ...cluster].join("\n  "));
        if (found.alone.length > 0) terminal.out(["in no cluster", ...found.alone].join("\n  "));
      }
      const shown = [...found.clusters.flat(), ...found.alone];
      const page = (thumbnails: Thumbnails) => clustersReport(found, thumbnails);
      if (options.html) await writePage(options.html, shown, pictures, page, terminal);
      return exitCode;
    }),
  );
}
