/** What the page asks of its server. Photos are kept there in memory, for one session. */

const ENDED = 410;

/** The server's "no", or its silence (status 0); the message is for people. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function call(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Refused(0, "the server does not answer: is it still running?");
  }
  if (answer.ok) return answer;
  const reason = await answer.json().then((body) => body.error, () => answer.statusText);
  throw new Refused(answer.status, reason);
}

/** Sizes, choices and given photos of the page: see `EditPage.describe`. */
export async function describePage() {
  return (await call("api/page")).json();
}

/** @returns {Promise<Blob>} the file of a photo that the server was started with. */
export async function givenPhoto(number) {
  return (await call(`api/given/${number}`)).blob();
}

/** @returns {Promise<ImageBitmap>} a half of the picture, white on black. */
export async function namedMask(name) {
  return createImageBitmap(await (await call(`api/masks/${name}`)).blob());
}

/**
 * A session: when it has ended on the server, for want of use or as the server began anew, it is
 * begun again and its photos are sent again, so that nobody has to know.
 */
export class Session {
  #path = null;
  #beginning = null;
  #photos = new Set();

  /**
   * Sends a photo, which is encoded there once.
   * @param {{file: Blob, id?: string, picture?: ImageBitmap}} photo gets its id, and
   *     the picture as the network sees it.
   */
  async add(photo) {
    await this.#in(() => this.#send(photo));
    const answer = await this.#in(() => call(`${this.#path}/photos/${photo.id}`));
    photo.picture = await createImageBitmap(await answer.blob());
    this.#photos.add(photo);
  }

  async #send(photo) {
    const answer = await call(`${this.#path}/photos`, { method: "POST", body: photo.file });
    photo.id = (await answer.json()).photo;
  }

  /** Removes a photo from the server's memory and the page's. */
  async remove(photo) {
    this.#photos.delete(photo);
    photo.picture.close();
    // Photos of a session that has ended are gone already.
    await call(`${this.#path}/photos/${photo.id}`, { method: "DELETE" }).catch(() => {});
  }

  /**
   * @param {function(): Promise<object>} makeChange gives a change as `read_change` takes it; photos may have
   *     other ids when it is asked again.
   * @returns {Promise<Blob>} the edited picture, PNG.
   */
  async edit(makeChange) {
    const answer = await this.#in(async () => {
      const body = JSON.stringify(await makeChange());
      const headers = { "Content-Type": "application/json" };
      return call(`${this.#path}/edit`, { method: "POST", headers, body });
    });
    return answer.blob();
  }

  /** Ends the session, even while the page is being closed. */
  end() {
    if (this.#path !== null) navigator.sendBeacon(`${this.#path}/end`);
    this.#path = null;
  }

  async #in(task) {
    if (this.#path === null) await this.#begin();
    try {
      return await task();
    } catch (error) {
      if (error.status !== ENDED) throw error;
      this.#path = null;
      await this.#begin();
      return task();
    }
  }

  /** Begins a session, once for all who wait for it. */
  #begin() {
    this.#beginning ??= (async () => {
      const { session } = await (await call("api/sessions", { method: "POST" })).json();
      this.#path = `api/sessions/${session}`;
      for (const photo of this.#photos) await this.#send(photo);
    })().finally(() => { this.#beginning = null; });
    return this.#beginning;
  }
}
