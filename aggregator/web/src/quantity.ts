// A number with its unit, as it stands in lists and details.

import { html, type TemplateResult } from "lit";
import type { Quantity } from "./text/format.ts";

export function quantity({ number, unit }: Quantity): TemplateResult {
  return html`<span class="quantity"><b>${number}</b> <small>${unit}</small></span>`;
}
