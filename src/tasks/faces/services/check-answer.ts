import { InputError } from "../../../errors.js";

/** As much of JSON Schema (draft 2020-12) as the answers of services need. */
export type AnswerSchema = ListSchema | NumberSchema | TextSchema | ObjectSchema;

interface ListSchema {
  readonly type: "array";
  readonly items: AnswerSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
}

interface NumberSchema {
  readonly type: "number" | "integer";
  readonly minimum?: number;
  readonly maximum?: number;
}

interface TextSchema {
  readonly type: "string";
  readonly enum?: readonly string[];
}

interface ObjectSchema {
  readonly type: "object";
  readonly properties?: Readonly<Record<string, AnswerSchema>>;
  readonly required?: readonly string[];
  readonly dependentRequired?: Readonly<Record<string, readonly string[]>>;
  /** What fields without a name here are; `false`: there are none. Default: anything. */
  readonly additionalProperties?: AnswerSchema | false;
}

/** A value, whose answer it is part of, and where it stands in it. */
interface Field {
  readonly value: unknown;
  readonly form: string;
  readonly path: string;
}

/**
 * Refuses an answer that is not as its schema says.
 *
 * @param form the service, for messages
 * @throws InputError `input/service-answer` saying which field is not as it must be
 */
export function checkAnswer(value: unknown, schema: AnswerSchema, form: string): void {
  check({ value, form, path: "" }, schema);
}

function check(field: Field, schema: AnswerSchema): void {
  if (schema.type === "array") checkList(field, schema);
  else if (schema.type === "object") checkObject(field, schema);
  else if (schema.type === "string") checkText(field, schema);
  else checkNumber(field, schema);
}

function checkList(field: Field, { items, minItems = 0, maxItems = Number.POSITIVE_INFINITY }: ListSchema): void {
  const { value, path } = field;
  if (!Array.isArray(value) || value.length < minItems || value.length > maxItems)
    throw misfit(field, minItems === maxItems ? `a list of ${minItems}` : "a list");
  for (const [index, item] of value.entries()) check({ ...field, value: item, path: `${path}[${index}]` }, items);
}

function checkObject(field: Field, schema: ObjectSchema): void {
  const { value, path } = field;
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw misfit(field, "an object");
  const { properties = {}, required = [], dependentRequired = {}, additionalProperties } = schema;
  const inner = (name: string): Field => ({
    ...field,
    value: Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined,
    path: [path, name].filter(Boolean).join("."),
  });
  const depending = Object.entries(dependentRequired).filter(([name]) => Object.hasOwn(value, name));
  for (const name of [...required, ...depending.flatMap(([, names]) => names)])
    if (!Object.hasOwn(value, name)) throw misfit(inner(name), `there (${properties[name]?.type ?? "anything"})`);
  for (const name of Object.keys(value)) {
    const fits = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
    if (fits === false) throw misfit(inner(name), `one of "${Object.keys(properties).join('", "')}"`);
    if (fits) check(inner(name), fits);
  }
}

function checkText(field: Field, { enum: choices }: TextSchema): void {
  if (typeof field.value === "string" && (!choices || choices.includes(field.value))) return;
  throw misfit(field, choices ? `one of "${choices.join('", "')}"` : "text");
}

function checkNumber(field: Field, { type, minimum = -Infinity, maximum = Infinity }: NumberSchema): void {
  const value = field.value as number;
  const isKind = type === "integer" ? Number.isInteger(value) : Number.isFinite(value);
  if (isKind && value >= minimum && value <= maximum) return;
  const kind = type === "integer" ? "a whole number" : "a number";
  throw misfit(
    field,
    Number.isFinite(minimum) && Number.isFinite(maximum) ? `${kind} from ${minimum} to ${maximum}` : kind,
  );
}

function misfit({ value, form, path }: Field, wanted: string): InputError {
  const shown = value === undefined ? "nothing" : (JSON.stringify(value)?.slice(0, 60) ?? typeof value);
  return new InputError(
    "input/service-answer",
    `${form}: "${path || "the answer"}" must be ${wanted}; found ${shown}.`,
    {
      details: { path },
    },
  );
}
