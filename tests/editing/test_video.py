import fractions
import struct
import tracemalloc

import av
import numpy as np
import pytest

from tfgan_edit.config import UserError
from tfgan_edit.editing.video import edit_video, first_frame

RATE = 8000  # of the sound, samples a second
UNITY = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 2**30)
QUARTER_TURN = struct.pack(">9i", 0, 65536, 0, -65536, 0, 0, 0, 0, 2**30)  # clockwise


def make_video(path, num=20, size=(32, 48), sound="aac", times=None):
    """A clip whose frame i is grey, 8 + 10 i, with white in its top left; a hum of a second."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=10, options={"crf": "1", "bf": "0"})
        video.height, video.width, video.pix_fmt = *size, "yuv420p"
        if sound:
            track = container.add_stream(sound, rate=RATE)
            track.layout = "mono"
        for i in range(num):
            photo = np.full((*size, 3), 8 + 10 * i % 240, np.uint8)
            photo[:8, :8] = 255
            frame = av.VideoFrame.from_ndarray(photo, format="rgb24")
            frame.pts, frame.time_base = times[i] if times else i, fractions.Fraction(1, 10)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if sound:
            hum = (8000 * np.sin(np.arange(RATE) / 5)).astype(np.int16)[np.newaxis]
            frame = av.AudioFrame.from_ndarray(hum, format="s16", layout="mono")
            frame.sample_rate = RATE
            container.mux(track.encode(frame))
            container.mux(track.encode())
    return path


def read(path):
    """Frames uint8 [n, H, W, 3], and their times in seconds."""
    with av.open(str(path)) as container:
        frames = [(f.to_ndarray(format="rgb24"), f.time) for f in container.decode(video=0)]
    return np.stack([f for f, _ in frames]), [t for _, t in frames]


def sound_packets(path):
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(audio=0) if p.size]


def sound_samples(path):
    with av.open(str(path)) as container:
        return np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], axis=1)


def negative(photos, times):
    assert len(times) == len(photos) and photos.dtype == np.uint8 and len(photos) <= 8
    return 255 - photos


def test_frames_are_edited_and_sound_is_copied(tmp_path):
    source = make_video(tmp_path / "in.mp4")
    assert edit_video(source, tmp_path / "out.mp4", negative) == 20
    before, times = read(source)
    after, new_times = read(tmp_path / "out.mp4")
    np.testing.assert_allclose(new_times, times, atol=1e-3)
    assert np.abs(255 - before.astype(int) - after).max() < 12  # two times lossy
    assert sound_packets(tmp_path / "out.mp4") == sound_packets(source) != []


def test_uneven_times_are_kept(tmp_path):
    times = [0, 1, 5, 6, 7, 20]
    source = make_video(tmp_path / "in.mp4", 6, sound=None, times=times)
    edit_video(source, tmp_path / "out.mp4", negative, batch_size=4)
    np.testing.assert_allclose(read(tmp_path / "out.mp4")[1], np.array(times) / 10, atol=1e-3)


def test_other_sizes_and_odd_ones(tmp_path):
    source = make_video(tmp_path / "in.mp4", 3, sound=None)
    edit_video(source, tmp_path / "out.mp4", lambda photos, times: photos[:, :17, :31])
    frames, _ = read(tmp_path / "out.mp4")
    assert frames.shape == (3, 18, 32, 3)


def test_sound_that_mp4_cannot_hold_is_encoded(tmp_path):
    source = make_video(tmp_path / "in.mkv", sound="pcm_s16le")
    edit_video(source, tmp_path / "out.mp4", negative)
    samples = sound_samples(tmp_path / "out.mp4")
    assert abs(samples.shape[1] - RATE) < 3 * 1024  # the coder's frames
    level = np.sqrt(np.mean(samples[:, 2000:6000] ** 2))
    assert 0.8 < level / (8000 / 32768 / np.sqrt(2)) < 1.2


def test_turned_videos_become_upright(tmp_path):
    plain = make_video(tmp_path / "in.mp4", 2, sound=None)
    data = plain.read_bytes()
    place = data.index(UNITY, data.index(b"tkhd"))
    turned = tmp_path / "turned.mp4"
    turned.write_bytes(data[:place] + QUARTER_TURN + data[place + 36 :])
    photo = first_frame(turned)
    assert photo.shape == (48, 32, 3)
    assert photo[:8, -8:].mean() > 240 > photo[:8, :8].mean()  # top left is top right now


def test_memory_does_not_grow_with_the_length(tmp_path):
    def peak(num):
        source = make_video(tmp_path / f"{num}.mp4", num, (240, 320))
        edit_video(source, tmp_path / "warm.mp4", negative, batch_size=2)
        tracemalloc.start()
        edit_video(source, tmp_path / "out.mp4", negative, batch_size=2)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(60) < 1.2 * peak(12)


def test_what_is_no_video_is_named(tmp_path):
    with pytest.raises(UserError, match="no video at .*x.mp4: there is no such file"):
        edit_video(tmp_path / "x.mp4", tmp_path / "out.mp4", negative)
    text = tmp_path / "text.mp4"
    text.write_text("no video at all")
    with pytest.raises(UserError, match="text.mp4 cannot be decoded: Invalid data"):
        edit_video(text, tmp_path / "out.mp4", negative)
    source = make_video(tmp_path / "in.mp4", 3, sound=None)
    with pytest.raises(UserError, match="cannot write .*out.gif: a video is written as .mp4"):
        edit_video(source, tmp_path / "out.gif", negative)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(source.read_bytes()[:400])
    with pytest.raises(UserError, match="cut.mp4 cannot be decoded"):
        first_frame(cut)
    assert not (tmp_path / "out.mp4").exists()


def test_a_track_of_sound_alone_is_refused(tmp_path):
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        track = container.add_stream("aac", rate=RATE)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, RATE), np.int16), format="s16", layout="mono"
        )
        frame.sample_rate = RATE
        container.mux(track.encode(frame))
        container.mux(track.encode())
    with pytest.raises(UserError, match="sound.mp4 has no picture track"):
        first_frame(path)
