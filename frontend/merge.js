// Stands in for mergician: Reflex merges a component's own props over those that its parent adds.
function isPlain(value) {
  return value?.constructor === Object;
}

export function mergician(under, over) {
  const merged = { ...under };
  for (const [name, value] of Object.entries(over)) {
    merged[name] = isPlain(value) && isPlain(under[name]) ? mergician(under[name], value) : value;
  }
  return merged;
}
