import { InvalidArgumentError } from "commander";

/** Names that nobody means as a model's. */
const NAMES = ["emotion", "age", "gender", "race"];

/** Commander's way to collect `--attributes name=model`, which may be given again and again; a model alone is for emotions. */
export function attributeArgument(text: string, before: Record<string, string> = {}): Record<string, string> {
  const isModel = !text.includes("=") && !NAMES.includes(text);
  const [, name, model] = /^([^=]+)=(.+)$/s.exec(isModel ? `emotion=${text}` : text) ?? [];
  if (!name || !model) throw new InvalidArgumentError("It must be a name and a model: emotion=./facial_emotions.");
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`"${name}" was given already.`);
  return { ...before, [name]: model };
}
