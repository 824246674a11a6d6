import { call, wants } from "./host.js";

wants("clients");

const PAGE = 1000;

export function* search(query) {
  let after;
  for (;;) {
    const page = call("clients", "search", query, PAGE, after);
    yield* page;
    if (page.length < PAGE) {
      return;
    }
    after = page[page.length - 1].id;
  }
}

export function get(id) {
  return call("clients", "get", id) ?? undefined;
}
