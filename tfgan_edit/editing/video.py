"""Edits a video frame by frame, with the sound and the time of every frame kept."""

import contextlib
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tfgan_edit.config import UserError
from tfgan_edit.pictures import video_stream as video_stream
from tfgan_edit.storage import atomic_file, is_disk_full

VIDEO_SUFFIXES = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".gif")
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif"  # FFmpeg's names of these
MAX_PIXELS = 2**26  # of a frame: 8K video has 33 million
MP4_SOUND = ("aac", "mp3", "ac3", "eac3", "alac", "opus", "flac")  # copied, others become AAC


def edit_video(source, target, edit, batch_size=8, progress=True):
    """Writes `source` with other pictures as H.264 in MP4, in one step.

    Memory holds one batch of frames, whatever the length. Frames are turned upright by the
    file's display matrix and keep their times; odd sizes grow by one pixel, which repeats the
    edge. The first sound track is copied packet by packet where MP4 holds its codec.

    Args:
        source: path of a video.
        target: path that ends with .mp4.
        edit: photos uint8 [n, H, W, 3], n <= batch_size, and their times in seconds [n] ->
            photos uint8 [n, h, w, 3].
        batch_size: frames at a time.
        progress: whether a bar is shown.

    Returns:
        The number of frames.

    Raises:
        UserError: the source is no video or cannot be decoded, the target does not end with
            .mp4 or cannot be written.
    """
    import av

    if Path(target).suffix.lower() != ".mp4":
        raise UserError(f"cannot write {target}: a video is written as .mp4")
    with contextlib.ExitStack() as stack:
        container = stack.enter_context(_opened(source))
        video = container.streams.video[0]
        file = stack.enter_context(atomic_file(target))
        options = {"movflags": "+faststart"}
        output = stack.enter_context(av.open(file.name, "w", format="mp4", options=options))
        bar = stack.enter_context(
            tqdm(total=video.frames or None, unit="frame", delay=5, disable=not progress)
        )
        writer = _Writer(output, video, edit)
        stack.enter_context(_damage_explained(source))
        sound = _Sound(output, _sound_track(container))
        frames = []
        for packet in _packets(container, video, sound.source, source):
            if packet.stream is not video:
                sound.waiting.append(packet)
                continue
            for frame in _decoded(packet, source):
                frames.append(frame)
                if len(frames) == batch_size:
                    writer.write(frames)
                    sound.flush()
                    bar.update(len(frames))
                    frames.clear()
        if frames:
            writer.write(frames)
            bar.update(len(frames))
        if not writer.count:
            raise UserError(f"{source} has no frame that can be decoded")
        sound.flush()
        sound.finish()
        output.mux(writer.stream.encode())
    return writer.count


def first_frame(source):
    """The first frame of a video as a photo, uint8 [H, W, 3].

    Raises:
        UserError: the source is no video or cannot be decoded.
    """
    with _opened(source) as container:
        video = container.streams.video[0]
        for packet in _packets(container, video, None, source):
            for frame in _decoded(packet, source):
                return _photo(frame)
    raise UserError(f"{source} has no frame that can be decoded")


def read_sound(source, rate):
    """The first sound track of a video, mixed to one channel, float32 [n]; None without one.

    At 11,025 samples a second, ten minutes take 26 MB.

    Raises:
        UserError: the source is no video or cannot be decoded.
    """
    import av

    with _opened(source) as container:
        track = _sound_track(container)
        if track is None:
            return None
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        parts = []
        try:
            for packet in container.demux(track):
                for frame in packet.decode():
                    parts += [part.to_ndarray()[0] for part in resampler.resample(frame)]
            parts += [part.to_ndarray()[0] for part in resampler.resample(None)]
        except av.error.FFmpegError as error:
            raise UserError(f"the sound of {source} is damaged: {_reason(error)}") from error
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


@contextlib.contextmanager
def _opened(source):
    import av

    if not Path(source).is_file():
        raise UserError(f"no video at {source}: there is no such file")
    try:
        # Of all that FFmpeg knows: play lists, for one, name other files and addresses.
        container = av.open(str(source), options={"format_whitelist": FORMATS})
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise UserError(f"{source} cannot be decoded: {_reason(error)}") from error
    with container:
        if not container.streams.video:
            raise UserError(f"{source} has no picture track")
        video = container.streams.video[0]
        if video.codec_context is None:
            raise UserError(f"{source} cannot be decoded: its codec is unknown")
        if (video.width or 0) * (video.height or 0) > MAX_PIXELS:
            raise UserError(
                f"{source} has {video.width}x{video.height} pixels, more than {MAX_PIXELS:,}"
            )
        video.codec_context.options = {"max_pixels": str(MAX_PIXELS)}  # frames may say otherwise
        video.thread_type = "AUTO"
        yield container


def _sound_track(container):
    """The first sound track that can be decoded, or None."""
    return next((s for s in container.streams.audio if s.codec_context is not None), None)


@contextlib.contextmanager
def _damage_explained(source):
    """Of tracks that are copied or encoded; their times may contradict each other."""
    import av

    try:
        yield
    except av.error.FFmpegError as error:
        if is_disk_full(error):
            raise
        raise UserError(f"{source} is damaged: {_reason(error)}") from error


def _packets(container, video, sound, source):
    import av

    try:
        yield from container.demux([video] if sound is None else [video, sound])
    except av.error.FFmpegError as error:
        raise UserError(f"{source} is damaged: {_reason(error)}") from error


def _decoded(packet, source):
    import av

    try:
        return packet.decode()
    except av.error.FFmpegError as error:
        raise UserError(
            f"{source} cannot be decoded at {float((packet.pts or 0) * packet.time_base):.1f} s: "
            f"{_reason(error)}"
        ) from error


def _reason(error):
    return getattr(error, "strerror", None) or type(error).__name__


def _photo(frame):
    """uint8 [H, W, 3], upright; `rotation` counts degrees counter-clockwise."""
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90))


class _Writer:
    """Edits and encodes frames; the stream is made when the first size is known."""

    def __init__(self, output, source, edit):
        self.output, self.source, self.edit = output, source, edit
        self.stream, self.count = None, 0

    def write(self, frames):
        import av

        times = np.array([frame.time or 0.0 for frame in frames])
        photos = self.edit(np.stack([_photo(frame) for frame in frames]), times)
        odd = [(0, 0), *((0, side % 2) for side in photos.shape[1:3]), (0, 0)]
        photos = np.pad(photos, odd, "edge")
        if self.stream is None:
            rate = self.source.average_rate or 25
            self.stream = video_stream(self.output, rate, *photos.shape[1:3])
            self.stream.codec_context.time_base = self.source.time_base
        for frame, photo in zip(frames, photos, strict=True):
            picture = av.VideoFrame.from_ndarray(photo, format="rgb24")
            picture.pts, picture.time_base = frame.pts, frame.time_base
            self.output.mux(self.stream.encode(picture))
        self.count += len(frames)


class _Sound:
    """Copies or encodes a sound track; packets wait until the picture track is there."""

    def __init__(self, output, source):
        self.output, self.source = output, source
        self.waiting = []
        self.copied = source is not None and source.codec_context.name in MP4_SOUND
        if self.copied:
            self.target = output.add_stream_from_template(source)
        elif source is not None:
            self.target = output.add_stream("aac", rate=source.rate)
            # PCM may not name its layout, and the encoder wants a name.
            self.target.layout = "mono" if source.channels == 1 else "stereo"

    def flush(self):
        for packet in self.waiting:
            if self.copied and packet.dts is not None:  # None marks the end
                packet.stream = self.target
                self.output.mux(packet)
            elif not self.copied:
                for frame in packet.decode():
                    self.output.mux(self.target.encode(frame))
        self.waiting.clear()

    def finish(self):
        if self.source is not None and not self.copied:
            self.output.mux(self.target.encode())
