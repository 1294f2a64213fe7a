// Stands in for react-remove-scroll: the page behind a dialog does not scroll, because screens scroll inside their frame.
import { createElement } from "react";

export function RemoveScroll({ as: Element, children }) {
  return createElement(Element, null, children);
}
