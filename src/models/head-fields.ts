import { badField, type ConfigFile, integer, real, section } from "./config-fields.js";
import type { Decisions } from "./model-config.js";

/** Units of a head's hidden layer: a field of vitrail's own. */
export function headHidden(config: ConfigFile): { headHidden?: number } {
  return config.fields.head_hidden_size == null ? {} : { headHidden: integer(config, "head_hidden_size") };
}

/** What vitrail's training found for a head: `{ "vitrail": { "temperature", "thresholds": { label: probability } } }`. */
export function decisions(config: ConfigFile): { decisions?: Decisions } {
  const own = section(config, "vitrail");
  if (!own) return {};
  const temperature = real(own, "temperature", 1);
  if (temperature <= 0) throw badField(own, "temperature", "a positive number");
  const thresholds = section(own, "thresholds");
  if (!thresholds) return { decisions: { temperature } };
  const probabilities = Object.entries(thresholds.fields).map(([label]) => {
    const value = real(thresholds, label);
    if (value < 0 || value > 1) throw badField(thresholds, label, "a probability");
    return [label, value] as const;
  });
  return { decisions: { temperature, thresholds: Object.fromEntries(probabilities) } };
}
