import { InvalidArgumentError } from "commander";

/** Commander's way to collect `--attributes name=model`, which may be given again and again. */
export function attributeArgument(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, name, model] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (!name || !model) throw new InvalidArgumentError("It must be a name and a model: emotion=./facial_emotions.");
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`"${name}" was given already.`);
  return { ...before, [name]: model };
}
