// A camera's commands and events as words. Pure.

import {COMMAND_STATES, count, photos} from "./words.js";

/** @returns {{text: string, tone: "good" | "calm" | "warn" | "bad"}} */
export function stateOfCommand(command, nowMs) {
  const isOver = ["done", "failed"].includes(command.status);
  if (!isOver && Date.parse(command.expires_at) <= nowMs) return {text: "never fetched", tone: "bad"};
  const tone = {done: "good", failed: "bad", delivered: "calm"}[command.status] ?? "warn";
  return {text: COMMAND_STATES[command.status] ?? command.status, tone};
}

/** Events, newest first, as rows: lines of a log that follow each other are one, as they were written. */
export function rowsOf(events) {
  const rows = [];
  for (const event of events) {
    const last = rows.at(-1);
    const line = event.details?.message ?? "";
    if (event.kind !== "log") rows.push(event);
    else if (last?.kind === "log") last.lines.unshift(line);
    else rows.push({event_id: event.event_id, kind: "log", occurred_at: event.occurred_at, lines: [line]});
  }
  return rows;
}

/** What an event says beside its kind; "" where that is all. */
export function eventDetail({kind, details = {}}) {
  const {first_seq: first, last_seq: last, seq, score, message, reason} = details;
  const parts = [
    first !== undefined && `${photos(last - first + 1)}: ${first === last ? `number ${count(first)}` : `numbers ${count(first)} to ${count(last)}`}`,
    seq !== undefined && `number ${count(seq)}`,
    score !== undefined && kind === "motion" && `strength ${score}`,
    message,
    typeof reason === "string" && reason.replaceAll("_", " "),
  ];
  return parts.filter(Boolean).join(", ");
}
