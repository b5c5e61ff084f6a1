import { ageRangeText } from "../attributes/age-range.js";
import type { AgeValue, AttributeValue, FaceAttributes } from "../attributes/attribute-value.js";
import type { AnalyzedFace } from "../face-analysis.js";

/** What is written beside a face: a line for each attribute with the score of its value, then the detection score if it is known. */
export function faceLabels({ attributes = {}, score }: Partial<Pick<AnalyzedFace, "attributes" | "score">>): string[] {
  return [...attributeLabels(attributes), ...(score === undefined ? [] : [`face ${percent(score)}`])];
}

/** A line for each attribute. */
export function attributeLabels(attributes: FaceAttributes): string[] {
  return Object.entries(attributes).flatMap(([name, value]) => (value ? [attributeLabel(name, value)] : []));
}

/** "happy 97%", "Male 99%", "age 20-29 60%"; attributes of the user's own with their name: "hat: none 80%". */
export function attributeLabel(name: string, value: AttributeValue | AgeValue): string {
  if (isAge(value)) return `${name} ${ageRangeText(value.interval)} ${percent(value.score)}`;
  const isPlain = name === "emotion" || name === "gender" || name === "race";
  return `${isPlain ? "" : `${name}: `}${value.value} ${percent(value.score)}`;
}

function isAge(value: AttributeValue | AgeValue): value is AgeValue {
  return "interval" in value;
}

function percent(score: number): string {
  return `${Math.round(score * 100)}%`;
}
