// Stands in for @emotion/react: the `css` that Reflex compiles a component's style to is set as the element's own style.
// It holds names and values only; ours have no nested rules (tests/architecture/test_front_end.py).
import { createElement } from "react";

export function jsx(type, props, ...children) {
  if (!props?.css) return createElement(type, props, ...children);
  const { css, style, ...rest } = props;
  return createElement(type, { ...rest, style: { ...css, ...style } }, ...children);
}
