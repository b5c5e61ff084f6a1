import { InputError } from "../../../errors.js";

/** Reads the fields of a service's answer and says where one is not as it must be. */
export class AnswerFields {
  private readonly fields: Record<string, unknown>;

  /**
   * @param form the service, for messages
   * @param path where this object stands in the answer
   * @throws InputError `input/service-answer`
   */
  constructor(
    value: unknown,
    private readonly form: string,
    private readonly path: string,
  ) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.wrong("", "an object", value);
    this.fields = value as Record<string, unknown>;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.fields, name);
  }

  names(): string[] {
    return Object.keys(this.fields);
  }

  object(name: string): AnswerFields {
    return new AnswerFields(this.get(name), this.form, this.at(name));
  }

  number(name: string, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY): number {
    const value = this.get(name);
    if (typeof value === "number" && Number.isFinite(value) && value >= least && value <= most) return value;
    const range = Number.isFinite(least) && Number.isFinite(most) ? ` from ${least} to ${most}` : "";
    throw this.wrong(name, `a number${range}`, value);
  }

  text<Choice extends string = string>(name: string, choices?: readonly Choice[]): Choice {
    const value = this.get(name);
    if (typeof value === "string" && (!choices || choices.includes(value as Choice))) return value as Choice;
    throw this.wrong(name, choices ? `one of "${choices.join('", "')}"` : "text", value);
  }

  /** `[left, top, right, bottom]` or whatever else has a fixed count of numbers. */
  numbers(name: string, count: number): number[] {
    const value = this.get(name);
    if (Array.isArray(value) && value.length === count && value.every(Number.isFinite)) return value;
    throw this.wrong(name, `${count} numbers`, value);
  }

  /** A number for each of these keys and no others. */
  scores<Key extends string>(name: string, keys: readonly Key[], most: number): Record<Key, number> {
    const scores = this.object(name);
    const strange = scores.names().find((key) => !keys.includes(key as Key));
    if (strange !== undefined) throw this.wrong(`${name}.${strange}`, `only "${keys.join('", "')}"`, strange);
    return Object.fromEntries(keys.map((key) => [key, scores.number(key, 0, most)])) as Record<Key, number>;
  }

  private get(name: string): unknown {
    return this.has(name) ? this.fields[name] : undefined;
  }

  private at(name: string): string {
    return [this.path, name].filter(Boolean).join(".");
  }

  private wrong(name: string, wanted: string, found: unknown): InputError {
    const path = this.at(name) || "the answer";
    const shown = found === undefined ? "nothing" : (JSON.stringify(found)?.slice(0, 60) ?? typeof found);
    return new InputError("input/service-answer", `${this.form}: "${path}" must be ${wanted}; found ${shown}.`, {
      details: { path },
    });
  }
}
