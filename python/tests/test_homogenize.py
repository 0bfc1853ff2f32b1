# SPDX-License-Identifier: GPL-2.0-or-later
"""Effective properties: arrays, files, lists of grains, the command."""

import base64
import json

import numpy as np
import pytest

from mlgrain import MLGrainError, homogenize
from mlgrain.cli import main
from mlgrain.compiled import is_compiled
from mlgrain.homogenize.writing import write_microstructure

pytestmark = pytest.mark.skipif(not is_compiled(), reason="the compiled core isn't here")


def has_fftw():
    try:
        homogenize.conductivity(np.zeros((1, 1, 1), int), [1.0])
    except MLGrainError as error:
        assert "FFTW" in str(error)
        return False
    return True


needs_fftw = pytest.mark.skipif(not is_compiled() or not has_fftw(), reason="compiled without FFTW")
CUBIC = {"C11": 168.4, "C12": 121.4, "C44": 75.4}


@pytest.fixture
def slabs():
    """[8, 3, 2]: two of eight planes across x are phase 1."""
    phases = np.zeros((8, 3, 2), int)
    phases[:2] = 1
    return phases


# ---- the solver -----------------------------------------------------------------------------------

@needs_fftw
def test_axes_are_x_y_z(slabs):
    found = homogenize.conductivity(slabs, [1.0, 0.1], tolerance=1e-12)
    mean, series = (6 + 0.2) / 8, 8 / (6 + 20)
    assert np.allclose(found.tensor, np.diag([series, mean, mean]), rtol=0, atol=1e-12)
    turned = homogenize.conductivity(slabs.transpose(1, 2, 0), [1.0, 0.1], tolerance=1e-12)
    assert np.allclose(turned.tensor, np.diag([mean, mean, series]), rtol=0, atol=1e-12)


@needs_fftw
def test_fields_belong_to_their_voxels(slabs):
    found = homogenize.conductivity(slabs, [1.0, 0.1], tolerance=1e-12, fields=True, spacing=0.5)
    assert found.gradient.shape == found.flux.shape == (3, 8, 3, 2, 3)
    flux = found.tensor[0, 0]
    assert np.allclose(found.flux[0, ..., 0], flux, rtol=0, atol=1e-6)
    assert np.allclose(found.gradient[0, ..., 0], np.where(slabs, flux / 0.1, flux), atol=1e-5)


@needs_fftw
def test_threads_and_stiffness():
    generator = np.random.default_rng(1)
    phases = generator.integers(0, 2, (6, 5, 7))
    tensors = np.array([homogenize.tensors.stiffness_of(CUBIC, ""),
                        homogenize.tensors.stiffness_of({"K": 10.0, "G": 3.0}, "")])
    one, two = (homogenize.stiffness(phases, tensors, threads=n) for n in (1, 3))
    assert (one.tensor == two.tensor).all()
    assert (one.tensor == one.tensor.T).all()
    lower, upper = homogenize.mean_bounds(tensors, np.bincount(phases.ravel()))
    assert np.linalg.eigvalsh(one.tensor - lower).min() > 0
    assert np.linalg.eigvalsh(upper - one.tensor).min() > 0


@needs_fftw
def test_polycrystals_of_copper_are_as_stiff_as_published():
    """K exactly that of the crystals (R. Hill, Proc. Phys. Soc. A 65 (1952) 349), G between the bounds of
    Z. Hashin and S. Shtrikman (J. Mech. Phys. Solids 10 (1962) 343) and near the self-consistent value of
    A. V. Hershey (J. Appl. Mech. 21 (1954) 236)."""
    c11, c12, c44 = CUBIC.values()
    bulk, soft = (c11 + 2 * c12) / 3, (c11 - c12) / 2
    beta = [3 * (bulk + 2 * g) / (5 * g * (3 * bulk + 4 * g)) for g in (soft, c44)]
    bounds = (soft + 3 / (5 / (c44 - soft) + 4 * beta[0]), c44 + 2 / (5 / (soft - c44) + 6 * beta[1]))
    roots = np.roots([64, 16 * (4 * c11 + 5 * c12),
                      9 * bulk * (5 * c11 + 4 * c12) - 8 * (7 * c11 - 4 * c12) * c44,
                      -3 * bulk * (29 * c11 - 20 * c12) * c44, -54 * bulk**2 * soft * c44])
    shear = []
    for seed in range(6):
        random = np.random.default_rng(seed)
        grains = homogenize.GrainList(20 * random.random((60, 3)), random.standard_normal((60, 4)),
                                      np.zeros(60), np.zeros(3), np.full(3, 20.0))
        tensors = homogenize.turned(homogenize.tensors.stiffness_of(CUBIC, "copper"),
                                    grains.orientations)
        cells = grains.microstructure((20, 20, 20)).labels - 1
        found = homogenize.stiffness(cells, tensors, tolerance=1e-5).tensor
        assert np.isclose(found[:3, :3].sum() / 9, bulk, rtol=1e-6)
        shear.append((np.trace(found[:3, :3]) - 3 * bulk) / 10 + np.trace(found[3:, 3:]) / 5)
    assert bounds[0] < np.mean(shear) < bounds[1]
    assert abs(np.mean(shear) / roots[roots > 0][0] - 1) < 0.01



@needs_fftw
def test_a_watch_may_end_it():
    phases = np.random.default_rng(1).integers(0, 2, (6, 5, 7))
    seen = []

    def watch(load, iteration, error):
        seen.append((load, iteration))
        if iteration == 4:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        homogenize.conductivity(phases, [1.0, 0.1], tolerance=1e-12, watch=watch)
    assert seen == [(0, 1), (0, 2), (0, 3), (0, 4)]


@needs_fftw
@pytest.mark.parametrize("change, text", [
    ({"phases": np.zeros((2, 2))}, "phases: shape"),
    ({"phases": np.zeros((2, 2, 2))}, "not integers"),
    ({"phases": np.full((2, 2, 2), -1)}, "negative"),
    ({"phases": np.full((2, 2, 2), 2)}, "has phase 2, which is not 0 to 1"),
    ({"tensors": np.zeros((2, 3))}, "tensors: shape"),
    ({"tensors": [1.0, 0.0]}, "phase 1 is not positive definite"),
    ({"tensors": [1.0, np.nan]}, "phase 1 has a number that is not finite"),
    ({"scheme": "fourier"}, "scheme"),
    ({"spacing": (1, 2)}, "spacing"),
    ({"tolerance": 0}, "tolerance"),
    ({"iterations": 2, "tolerance": 1e-9}, "not converged after 2 iterations"),
    ({"threads": 0}, "threads"),
])
def test_bad_arguments(change, text):
    arguments = {"phases": np.random.default_rng(0).integers(0, 2, (6, 6, 6)),
                 "tensors": [1.0, 0.1], **change}
    with pytest.raises(MLGrainError, match=text):
        homogenize.conductivity(arguments.pop("phases"), arguments.pop("tensors"), **arguments)


# ---- tensors --------------------------------------------------------------------------------------

def test_elastic_constants():
    cubic = homogenize.tensors.stiffness_of(CUBIC, "")
    assert cubic[0, 0] == 168.4 and cubic[1, 2] == 121.4 and cubic[5, 5] == 75.4
    steel = homogenize.tensors.stiffness_of({"E": 210.0, "nu": 0.3}, "")
    assert np.isclose(np.linalg.inv(steel)[0, 0], 1 / 210.0)
    assert np.isclose(-np.linalg.inv(steel)[0, 1] * 210.0, 0.3)
    quarter = homogenize.turned(cubic, [[1, 0, 0, 1]])[0]  # a quarter turn leaves a cube as it is
    assert np.allclose(quarter, cubic, rtol=0, atol=1e-12)
    assert not np.allclose(homogenize.turned(cubic, [[1, 0, 0, 0.3]])[0], cubic, atol=1.0)
    with pytest.raises(MLGrainError, match="no set of elastic constants"):
        homogenize.tensors.stiffness_of({"C11": 1.0, "nu": 0.3}, "phases.json")


def test_conductivity_turns_with_the_crystal():
    q = [[np.sqrt(0.5), 0, 0, np.sqrt(0.5)]]  # x of the crystal along y of the sample
    assert np.allclose(homogenize.turned(np.diag([3.0, 2.0, 1.0]), q)[0], np.diag([2.0, 3.0, 1.0]))


def test_layers_and_bounds():
    layered = homogenize.layers(np.eye(3), 0.5, 0.1 * np.eye(3), (0, 0, 2))
    assert np.allclose(layered, np.diag([0.55, 0.55, 2 / 11]))
    lower, upper = homogenize.isotropic_bounds([1.0, 0.1], [0.5, 0.5])
    assert 2 / 11 < lower < upper < 0.55


# ---- files ----------------------------------------------------------------------------------------

def vti_text(labels, kind="ascii"):
    flat = labels.transpose(2, 1, 0).ravel().astype("<i4")
    text = " ".join(map(str, flat))
    if kind == "binary":
        text = base64.b64encode(flat.nbytes.to_bytes(4, "little") + flat.tobytes()).decode()
    n = labels.shape
    return (f'<?xml version="1.0"?><VTKFile type="ImageData" byte_order="LittleEndian">'
            f'<ImageData WholeExtent="0 {n[0]} 0 {n[1]} 0 {n[2]}" Spacing="1 2 0.5"><Piece>'
            f'<CellData><DataArray type="Int32" Name="material" format="{kind}">{text}'
            "</DataArray></CellData></Piece></ImageData></VTKFile>")


TESR = """***tesr
 **format
   2.0
   ascii
 **general
   3
   2 3 1
   1.0 2.0 0.5
 **cell
   2
  *id
   1 4
  *ori
   quaternion:active
   1 0 0 0
   0.6 0.8 0 0
 **data
 1 4 4 1 1 1
***end
"""


def test_files_have_their_axes(tmp_path):
    labels = np.arange(24).reshape(2, 3, 4)
    np.save(tmp_path / "a.npy", labels)
    np.savez(tmp_path / "a.npz", labels=labels, spacing=(1, 2, 0.5), orientations=np.eye(4))
    (tmp_path / "ascii.vti").write_text(vti_text(labels))
    (tmp_path / "binary.vti").write_text(vti_text(labels, "binary"))
    for name in ("a.npy", "a.npz", "ascii.vti", "binary.vti"):
        found = homogenize.read_microstructure(tmp_path / name)
        assert (found.labels == labels).all()
        if name != "a.npy":
            assert list(found.spacing) == [1, 2, 0.5]
    assert list(found.orientations) == []
    assert list(homogenize.read_microstructure(tmp_path / "a.npz").orientations) == [1, 2, 3, 4]
    (tmp_path / "a.tesr").write_text(TESR)
    found = homogenize.read_microstructure(tmp_path / "a.tesr")
    assert found.labels[:, :, 0].T.tolist() == [[1, 4], [4, 1], [1, 1]]
    assert list(found.orientations[4]) == [0.6, 0.8, 0, 0]
    (tmp_path / "a.tesr").write_text(TESR.replace(":active", ":passive"))
    assert list(homogenize.read_microstructure(tmp_path / "a.tesr").orientations[4]) \
        == [0.6, -0.8, 0, 0]


def test_dream3d(tmp_path):
    h5py = pytest.importorskip("h5py")
    labels = np.arange(24).reshape(2, 3, 4)
    with h5py.File(tmp_path / "a.dream3d", "w") as file:
        cells = file.create_group("DataContainers/Image/CellData")
        cells["FeatureIds"] = labels.transpose()[..., None]
        file["DataContainers/Image/_SIMPL_GEOMETRY/SPACING"] = np.array([1, 2, 0.5], np.float32)
        angles = np.zeros((24, 3))
        angles[3, 0] = np.pi / 2
        file["DataContainers/Image/CellFeatureData/AvgEulerAngles"] = angles
    found = homogenize.read_microstructure(tmp_path / "a.dream3d")
    assert (found.labels == labels).all() and list(found.spacing) == [1, 2, 0.5]
    assert np.allclose(found.orientations[3], [np.sqrt(0.5), 0, 0, np.sqrt(0.5)])
    assert 0 not in found.orientations


INL = "".join(f"# {axis}_step: 1\n# {axis}_Dim: 1\n" for axis in "XYZ") \
    + "0 0 0 0.5 0.5 0.5 1 1 43\n"


def test_text_of_inl(tmp_path):
    random = np.random.default_rng(7)
    labels = random.integers(0, 4, (4, 3, 2))
    made = homogenize.Microstructure(labels, np.array([0.5, 1.0, 2.0]),
                                     {g: random.standard_normal(4) for g in (1, 2, 3)})
    write_microstructure(tmp_path / "a.inl", made)
    found = homogenize.read_microstructure(tmp_path / "a.inl")
    assert (found.labels == labels).all() and (found.spacing == made.spacing).all()
    for g, q in made.orientations.items():
        assert np.isclose(abs(q @ found.orientations[g]), np.linalg.norm(q), rtol=1e-5)
    with pytest.raises(MLGrainError, match="negative number -3"):
        write_microstructure(tmp_path / "a.inl", homogenize.Microstructure(labels - 3, np.ones(3), {}))


@pytest.mark.parametrize("name, text, message", [
    ("a.npy", "nothing", "no array of NumPy"),
    ("a.npz", "nothing", "no .npz file"),
    ("a.vti", "<a", "no XML"),
    ("a.vti", "<VTKFile></VTKFile>", "no ImageData"),
    ("a.vti", vti_text(np.zeros((2, 2, 2), int)).replace("0 2 0 2", "0 3 0 2"), "8 labels for"),
    ("a.vti", vti_text(np.zeros((2, 2, 2), int), "binary").replace("AAAA", "", 3), "cut short"),
    ("a.tesr", "***tesr **format 2.0 binary", "in text"),
    ("a.tesr", TESR[:-60], "malformed"),
    ("a.inl", "# X_Dim: 2\n0 0 0 0.5 0.5 0.5 1 1 43\n", "no voxels in INL's text"),
    ("a.inl", INL.replace("X_Dim: 1", "X_Dim: 2"), "for .2, 1, 1. voxels"),
    ("a.inl", INL.replace("0.5 0.5", "1.5 0.5"), "outside the box"),
    ("a.xyz", "", "voxels are read from"),
])
def test_malformed_files(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(MLGrainError, match=message):
        homogenize.read_microstructure(tmp_path / name)


def test_boundaries_between_voxels():
    labels = np.repeat([5, 7], 4)[:, None, None] * np.ones((1, 2, 2), int)
    made = homogenize.Microstructure(labels, np.ones(3), {})
    assert made.with_boundary(0, 1).labels[:, 0, 0].tolist() == [5, 5, 5, 0, 7, 7, 7, 0]
    assert made.with_boundary(0, 2).labels[:, 0, 0].tolist() == [0, 5, 5, 0, 0, 7, 7, 0]
    with pytest.raises(MLGrainError, match="grain 5"):
        made.with_boundary(5)


# ---- lists of grains ------------------------------------------------------------------------------

GRAINS = """# grain x y z qw qx qy qz weight
1  5  5  2.5  1 0 0 0  0
2  5  5  7.5  0.6 0.8 0 0  0
"""


def test_boundaries_of_a_thickness_between_voxels():
    pytest.importorskip("scipy")
    labels = np.repeat([5, 7], 8)[:, None, None] * np.ones((1, 3, 2), int)
    made = homogenize.Microstructure(labels, np.array([0.5, 1.0, 2.0]), {})
    for thickness, beside in ((0.1, 1), (1.5, 1), (2.0, 2), (3.0, 3), (20.0, 8)):
        line = made.with_thick_boundary(0, thickness).labels[:8, 1, 1]
        away = np.minimum(np.arange(8), np.arange(8)[::-1])
        assert line.tolist() == np.where(away < beside, 0, 5).tolist(), thickness
    # Beside those of a list of grains, whose planes are known.
    random = np.random.default_rng(3)
    grains = homogenize.GrainList(24 * random.random((6, 3)), random.standard_normal((6, 4)),
                                  np.zeros(6), np.zeros(3), np.full(3, 24.0))
    for thickness in (4.0, 6.0):
        exact, found = (made.labels == 0 for made in (
            grains.microstructure((24, 24, 24), thickness),
            grains.microstructure((24, 24, 24)).with_thick_boundary(0, thickness)))
        assert abs(found.mean() / exact.mean() - 1) < 0.05, thickness
        assert (found != exact).mean() < 0.05, thickness
    one = homogenize.Microstructure(np.ones((3, 3, 3), int), np.ones(3), {})
    assert (one.with_thick_boundary(0, 1.0).labels == 1).all()
    with pytest.raises(MLGrainError, match="grain 5"):
        homogenize.Microstructure(labels, np.ones(3), {}).with_thick_boundary(5, 1.0)



def test_grains_on_voxels(tmp_path):
    (tmp_path / "grains.txt").write_text(GRAINS)
    grains = homogenize.read_grains(tmp_path / "grains.txt", (10, 10, 10))
    made = grains.microstructure((4, 2, 10), 2.0, boundary=-1)
    assert made.labels[0, 0].tolist() == [-1, 1, 1, 1, -1, -1, 2, 2, 2, -1]
    assert list(made.spacing) == [2.5, 5, 1]
    grain, neighbor, distance, normal = grains.cells((4, 2, 10))
    assert distance[0, 0].tolist() == [0.5, 1.5, 2.5, 1.5, 0.5] * 2
    assert (neighbor == 1 - grain).all()
    assert (np.abs(normal[..., 2]) == 1).all()


@needs_fftw
@pytest.mark.parametrize("thickness", [0.01, 0.3, 1.0, 2.0])
def test_thin_boundaries_resist_as_they_should(tmp_path, thickness):
    (tmp_path / "grains.txt").write_text(GRAINS)
    grains = homogenize.read_grains(tmp_path / "grains.txt", (10, 10, 10))
    crystal = homogenize.turned(np.diag([2.0, 2.0, 2.0]), grains.orientations)
    phases, tensors = grains.with_boundaries((3, 3, 20), crystal, 0.01 * np.eye(3), thickness)
    found = homogenize.conductivity(phases, tensors, spacing=(10 / 3, 10 / 3, 0.5),
                                    tolerance=1e-12)
    exact = 10 / ((10 - 2 * thickness) / 2.0 + 2 * thickness / 0.01)
    assert np.isclose(found.tensor[2, 2], exact, rtol=1e-9)


# ---- the command ----------------------------------------------------------------------------------

def write_phases(folder, **content):
    path = folder / "phases.json"
    path.write_text(json.dumps(content))
    return str(path)


@needs_fftw
def test_command_on_voxels(tmp_path, capsys, slabs):
    np.save(tmp_path / "a.npy", slabs)
    phases = write_phases(tmp_path, property="conductivity", unit="W/m/K",
                          phases={"0": 1.0, "1": 0.1})
    output, fields = str(tmp_path / "out.json"), str(tmp_path / "fields.npz")
    assert main(["homogenize", str(tmp_path / "a.npy"), phases, "-o", output, "--fields", fields,
                 "--resolutions", "finer"]) == 0
    text = capsys.readouterr().out
    assert "W/m/K" in text and "Hashin" in text and "change" in text
    report = json.loads((tmp_path / "out.json").read_text())
    assert np.isclose(report["tensor"][0][0], 8 / 26, rtol=1e-6)
    assert report["resolutions"]["change"] < 1e-6  # layers along an axis are exact
    with np.load(fields) as file:
        assert np.allclose(file["flux"][0, ..., 0], 8 / 26, rtol=1e-3)


@needs_fftw
def test_command_on_a_list_of_grains(tmp_path, capsys):
    (tmp_path / "grains.txt").write_text(GRAINS)
    phases = write_phases(tmp_path, property="conductivity", crystal=[3.0, 1.0, 2.0],
                          boundary=0.01, thickness=2.0)
    command = ["homogenize", str(tmp_path / "grains.txt"), phases, "--box", "10", "10", "10",
               "--voxels", "4", "4", "20", "-o", str(tmp_path / "out.json")]
    assert main(command) == 0
    found = np.array(json.loads((tmp_path / "out.json").read_text())["tensor"])
    turned = homogenize.turned(np.diag([3.0, 1.0, 2.0]), [[1, 0, 0, 0], [0.6, 0.8, 0, 0]])
    exact = homogenize.layers(homogenize.layers(turned[0], 0.5, turned[1], (0, 0, 1)), 0.6,
                              0.01 * np.eye(3), (0, 0, 1))
    assert np.allclose(found, exact, rtol=0, atol=1e-6)
    elastic = write_phases(tmp_path, property="stiffness", crystal=CUBIC)
    assert main([*command[:2], elastic, *command[3:]]) == 0
    stiffness = np.array(json.loads((tmp_path / "out.json").read_text())["tensor"])
    assert stiffness.shape == (6, 6) and np.isclose(stiffness[0, 0], 168.4, rtol=1e-6)
    capsys.readouterr()


@needs_fftw
@pytest.mark.parametrize("content, options, message", [
    ({"property": "colour"}, [], "property is none of"),
    ({"property": "conductivity", "phase": {}}, [], "phase is none of"),
    ({"property": "conductivity", "phases": {"0": 1.0}}, [], "no tensor for label 1"),
    ({"property": "conductivity", "crystal": [1, 2, 3]}, [], "label 0 has no orientation"),
    ({"property": "conductivity", "phases": {"0": 1.0, "1": "much"}}, [], "not made of numbers"),
    ({"property": "conductivity", "crystal": 1.0, "thickness": 2}, [], "which is missing"),
    ({"property": "conductivity", "crystal": 1.0, "boundary": 2.0, "thickness": 2}, ["--sides", "1"],
     "--sides both"),
    ({"property": "conductivity", "crystal": 1.0}, ["--box", "1", "1", "1"], "--box is for lists"),
    ({"property": "stiffness", "crystal": {"E": 1.0, "nu": 0.3}}, ["--scheme", "full"], "--scheme"),
    ({"property": "conductivity", "crystal": 1.0}, ["--array", "x"], None),
    ({"property": "conductivity", "phases": {"0": 1.0, "1": -1.0}}, [], "not positive definite"),
])
def test_command_says_what_is_wrong(tmp_path, capsys, slabs, content, options, message):
    np.save(tmp_path / "a.npy", slabs)
    status = main(["homogenize", str(tmp_path / "a.npy"), write_phases(tmp_path, **content),
                   *options])
    text = capsys.readouterr().err
    assert status == (1 if message else 0)
    assert not message or message in text
