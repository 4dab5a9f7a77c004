// Block Kit as nodes that a hand can touch. `hand.touch(element, block, what)` is told of each touch.

import { el } from "./dom.js";
import { preview } from "./media.js";
import { words } from "./mrkdwn.js";

let serial = 0;

/** Nodes of `blocks`; `chosen` is what is ticked so far: block id → action id → state. */
export function blocks(list, chosen, hand) {
  return list.map((block) => (BLOCKS[block.type] ?? unknown)(block, chosen[block.block_id] ?? {}, hand));
}

const BLOCKS = {
  section: (block, chosen, hand) =>
    el(
      "div",
      { class: "section" },
      block.text ? el("p", {}, words(block.text)) : null,
      block.fields ? el("div", { class: "fields" }, ...block.fields.map((each) => el("p", {}, words(each)))) : null,
      block.accessory ? element(block.accessory, block, chosen, hand) : null,
    ),
  header: (block) => el("h3", {}, words(block.text)),
  divider: () => el("hr"),
  context: (block) => el("p", { class: "small" }, ...block.elements.flatMap((each) => (each.type === "image" ? [] : [...words(each), " "]))),
  image: (block) => preview(block.image_url, block.alt_text),
  actions: (block, chosen, hand) => el("div", { class: "actions" }, ...block.elements.map((each) => element(each, block, chosen, hand))),
  input: (block, chosen, hand) => {
    const id = `input-${++serial}`;
    const made = element(block.element, block, chosen, hand, id);
    return el("div", { class: "input" }, el("label", { for: id }, words(block.label)), made, block.hint ? el("p", { class: "small" }, words(block.hint)) : null);
  },
};

const unknown = (block) => el("p", { class: "small" }, `(a block of the kind ${block.type})`);

function element(it, block, chosen, hand, id = undefined) {
  if (it.type === "image") return preview(it.image_url, it.alt_text);
  return (ELEMENTS[it.type] ?? unknown)(it, block, chosen[it.action_id] ?? {}, hand, id);
}

const key = (it, block, more = "") => [block.block_id, it.action_id, more].join(" ");

const ELEMENTS = {
  button: (it, block, _chosen, hand) =>
    el(
      "button",
      { type: "button", class: `act ${it.style ?? ""}`, "data-key": key(it, block, it.value), "data-action": it.action_id, "aria-label": it.accessibility_label, onclick: () => hand.touch(it, block, { value: it.value }) },
      words(it.text),
    ),
  radio_buttons: (it, block, chosen, hand) => boxes(it, block, hand, "radio", [(chosen.selected_option ?? it.initial_option)?.value]),
  checkboxes: (it, block, chosen, hand) => boxes(it, block, hand, "checkbox", (chosen.selected_options ?? it.initial_options ?? []).map((each) => each.value)),
  multi_static_select: (it, block, chosen, hand) =>
    el("div", { class: "many" }, boxes(it, block, hand, "checkbox", (chosen.selected_options ?? it.initial_options ?? []).map((each) => each.value))),
  static_select: (it, block, chosen, hand, id) => {
    const now = (chosen.selected_option ?? it.initial_option)?.value;
    const list = el(
      "select",
      { id, "aria-label": it.placeholder?.text ?? "Choose", "data-key": key(it, block), onchange: () => list.value && hand.touch(it, block, { selected_option: list.value }) },
      el("option", { value: "" }, it.placeholder?.text ?? "Choose…"),
      ...options(it).map((each) => el("option", { value: each.value, selected: each.value === now }, words(each.text))),
    );
    list.value = now ?? "";
    return list;
  },
  plain_text_input: (it, block, chosen, _hand, id) =>
    el(it.multiline ? "textarea" : "input", {
      id,
      rows: it.multiline ? 3 : undefined,
      type: it.multiline ? undefined : "text",
      maxlength: it.max_length,
      placeholder: it.placeholder?.text,
      value: chosen.value ?? it.initial_value ?? "",
      "data-typed": "plain_text_input",
      "data-block": block.block_id,
      "data-action": it.action_id,
      "data-key": key(it, block),
    }),
};

const options = (it) => it.options ?? (it.option_groups ?? []).flatMap((group) => group.options);

function boxes(it, block, hand, type, ticked) {
  const name = `boxes-${++serial}`;
  const set = el("fieldset", { class: "boxes" }, el("legend", { class: "hidden" }, it.placeholder?.text ?? "Choose"));
  const touched = () => {
    const values = [...set.querySelectorAll("input:checked")].map((each) => each.value);
    hand.touch(it, block, type === "radio" ? { selected_option: values[0] } : { selected_options: values });
  };
  for (const each of options(it)) {
    const box = el("input", { type, name, value: each.value, checked: ticked.includes(each.value), "data-key": key(it, block, each.value), onchange: touched });
    set.append(el("label", {}, box, el("span", {}, words(each.text))));
  }
  return set;
}
