#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { packageFile } from "../../tasks/package-file.js";
import { runCli } from "./program.js";
import { processTerminal } from "./terminal.js";

const argv = process.argv.slice(2);
const { version } = JSON.parse(readFileSync(packageFile("package.json"), "utf8")) as { version: string };
process.exitCode = await runCli(argv, processTerminal({ quiet: argv.includes("--quiet") }), version);
