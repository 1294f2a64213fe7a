/** Where <ir-grid> stood, kept in this entry of the browser's history, so that Back and a reload return there. */
const KEY = "irPlace";

/** @returns {{filter: string, id: string, offset: number} | undefined} */
export function keptPlace(filter) {
  const place = history.state?.[KEY];
  return place?.filter === filter && place.id ? place : undefined;
}

export function keepPlace(filter, id, offset) {
  history.replaceState({ ...history.state, [KEY]: { filter, id, offset } }, "");
}
