import { call, wants } from "./host.js";

wants("labels");

export function add(clientId, ...labels) {
  call("labels", "add", clientId, labels);
}

export function remove(clientId, ...labels) {
  call("labels", "remove", clientId, labels);
}
