import type { AgeValue, AttributeValue } from "../attributes/attribute-value.js";
import type { Face } from "../face.js";
import type { AnalyzedFace } from "../face-analysis.js";

/** What is written beside a face: its detection score, then a line for each attribute with the score of its value. */
export function faceLabels(face: Face & Partial<Pick<AnalyzedFace, "attributes">>): string[] {
  const lines = Object.entries(face.attributes ?? {}).map(([name, value]) => attributeLabel(name, value!));
  return [`face ${percent(face.score)}`, ...lines];
}

/** "happy 97%", "Male 99%", "age 20-29 60%"; attributes of the user's own with their name: "hat: none 80%". */
export function attributeLabel(name: string, value: AttributeValue | AgeValue): string {
  if (isAge(value)) {
    const [low, high] = value.interval;
    return `${name} ${low === high ? low : `${low}-${high}`} ${percent(value.score)}`;
  }
  const isPlain = name === "emotion" || name === "gender" || name === "race";
  return `${isPlain ? "" : `${name}: `}${value.value} ${percent(value.score)}`;
}

function isAge(value: AttributeValue | AgeValue): value is AgeValue {
  return "interval" in value;
}

function percent(score: number): string {
  return `${Math.round(score * 100)}%`;
}
