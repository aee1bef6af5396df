/** A photo by the camera, which is asked for only when its button is pressed. */

const REASONS = {
  NotAllowedError: "The camera was not allowed. Choose a photo instead, or allow it in the browser.",
  NotFoundError: "There is no camera here. Choose a photo instead.",
  NotReadableError: "The camera is in use by another program.",
};

/**
 * @param {{button: HTMLElement, dialog: HTMLDialogElement, video: HTMLVideoElement,
 *     take: HTMLElement, turn: HTMLElement}} parts
 * @param {{photo: (file: Blob, name: string) => void, failed: (text: string) => void}} told
 */
export function useCamera({ button, dialog, video, take, turn }, told) {
  let facing = "user";

  const stop = () => {
    video.srcObject?.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  };
  const start = async () => {
    stop();
    take.disabled = true; // until there is a picture
    if (!navigator.mediaDevices) throw new Error("This browser gives no camera to this page.");
    video.srcObject = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: facing, width: { ideal: 1920 }, height: { ideal: 1080 } },
    });
  };
  const guarded = async () => {
    try {
      await start();
      if (!dialog.open) dialog.showModal();
    } catch (error) {
      dialog.close();
      told.failed(REASONS[error.name] ?? `The camera does not work: ${error.message}`);
    }
  };

  button.addEventListener("click", guarded);
  turn.addEventListener("click", () => {
    facing = facing === "user" ? "environment" : "user";
    guarded();
  });
  dialog.addEventListener("close", stop);
  video.addEventListener("loadeddata", () => { take.disabled = false; });
  take.addEventListener("click", () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    canvas.getContext("2d").drawImage(video, 0, 0);
    dialog.close();
    canvas.toBlob((file) => told.photo(file, "camera.png"), "image/png");
  });
}
