"""Pictures that training prepares: as many processes as there are make the same ones, in the same order."""

from pathlib import Path

import numpy as np

from anpr.training.corner_data import make_stages
from anpr.training.detector_data import write_detector_data


def test_two_processes_make_the_stages_that_one_makes() -> None:
    alone, shared = (make_stages([], (3,), 5, processes) for processes in (1, 2))
    assert len(alone) == len(shared) == 5
    for one, other in zip(alone, shared, strict=True):
        assert np.array_equal(one.image, other.image)
        assert np.array_equal(one.quad, other.quad)


def test_two_processes_write_the_scenes_that_one_writes(tmp_path: Path) -> None:
    folders = [tmp_path / str(processes) for processes in (1, 2)]
    for processes, folder in zip((1, 2), folders, strict=True):
        write_detector_data(folder, 4, 3, None, processes=processes)
    files = [sorted(path.relative_to(folder) for path in folder.rglob("s*.*")) for folder in folders]
    assert files[0] == files[1]
    assert len(files[0]) == 8
    assert all((folders[0] / file).read_bytes() == (folders[1] / file).read_bytes() for file in files[0])
