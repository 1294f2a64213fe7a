// Stands in for universal-cookie: no script of ours reads or writes a cookie, all of them are HttpOnly.
function refuse() {
  throw new Error("Cookies belong to the server: no script writes one.");
}

export default class Cookies {
  get() {
    return undefined;
  }

  set() {
    refuse();
  }

  remove() {
    refuse();
  }
}
