// Pythons that peers run on.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** A Python that has these modules; undefined where none does. */
export function pythonWith(modules) {
  const places = ["tools/reference/.venv/bin/python", ".cache/servers/python/bin/python"].map((path) =>
    join(root, path),
  );
  return [process.env.PYTHON, ...places, "python3"].find((command) => {
    if (!command) return false;
    return spawnSync(command, ["-c", `import ${modules}`], { stdio: "ignore" }).status === 0;
  });
}
