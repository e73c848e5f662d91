"""Pictures on counterfeit goods, drawn with OpenCV: printed on a mug, and photographed for a listing."""

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tests.measure.attacks import Attack, Carriers, Picture, jpeg, resized
from tests.measure.drawings import cloud

ROOM_PX = (720, 900)  # height, width of the photograph


def on_mug(picture: Picture, random: Generator, _carriers: Carriers) -> Picture:
    """Bend the picture around a cylinder seen a little from above, shade it, and put it on a table."""
    height, width = ROOM_PX
    photo = _table(random)
    radius, tall = int(random.uniform(190, 250)), int(random.uniform(400, 500))
    middle, top = int(width * random.uniform(0.35, 0.55)), (height - tall) // 2 + 10
    china = np.array(random.choice([(245, 244, 240), (40, 42, 48), (200, 60, 60)]), np.float32)
    bulge = 0.16 * radius  # how far the near rim hangs below its ends

    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    across = (x - middle) / radius
    inside = np.abs(across) < 1
    angle = np.arcsin(np.clip(across, -1, 1))
    down = y - top - bulge * np.cos(angle)
    body = inside & (down >= 0) & (down < tall)
    # The print is as wide as 130 to 165 degrees of the mug, and keeps its proportions.
    spread = float(random.uniform(np.radians(130), np.radians(165)))
    art = resized(picture, min(1.0, 700 / max(picture.shape[:2])))
    art_tall = min(tall * 0.86, art.shape[0] * radius * spread / art.shape[1])
    spread = art_tall * art.shape[1] / art.shape[0] / radius
    turn = float(random.uniform(-0.25, 0.25))
    u = ((angle + turn) / spread + 0.5) * art.shape[1]
    v = (down - (tall - art_tall) / 2) / art_tall * art.shape[0]
    bent = cv2.remap(art, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR, borderValue=(0, 0, 0))
    is_art = body & (u >= 0) & (u < art.shape[1] - 1) & (v >= 0) & (v < art.shape[0] - 1)
    shade = (
        0.45 + 0.55 * np.cos(angle - float(random.uniform(-0.5, 0.5))) + 0.25 * np.exp(-((across + 0.45) ** 2) / 0.006)
    )
    surface = np.where(is_art[..., None], bent.astype(np.float32), china) * shade[..., None]

    _handle(photo, (middle + radius, top + tall // 2), china)
    photo[body] = np.clip(surface, 0, 255)[body].astype(np.uint8)
    rim = (int(china[0] * 0.55), int(china[1] * 0.55), int(china[2] * 0.55))
    cv2.ellipse(photo, (middle, top + 4), (radius, int(bulge)), 0, 0, 360, rim, -1, cv2.LINE_AA)
    return jpeg(_noisy(photo, random), random, 50, 85)


def listing(picture: Picture, random: Generator, _carriers: Carriers) -> Picture:
    """Lay the print on a table, with its shadow, and photograph it at an angle under uneven light."""
    height, width = ROOM_PX
    table = _table(random).astype(np.float32)
    sheet = cv2.copyMakeBorder(
        resized(picture, min(1.0, 800 / max(picture.shape[:2]))), 12, 12, 12, 12, cv2.BORDER_CONSTANT, value=(250,) * 3
    )
    tall, wide = sheet.shape[:2]
    fit = min(height * 0.82 / tall, width * 0.82 / wide)
    corners = np.array([(0, 0), (wide, 0), (wide, tall), (0, tall)], np.float32)
    spin = float(np.radians(random.uniform(-18, 18)))
    turned = (corners - (wide / 2, tall / 2)) @ np.array([[np.cos(spin), np.sin(spin)], [-np.sin(spin), np.cos(spin)]])
    far = 1 - float(random.uniform(0.05, 0.25)) * (0.5 - turned[:, 1:] / tall)  # what lies farther off is smaller
    placed = (turned * fit * far * (1, float(random.uniform(0.8, 0.97))) * 0.92 + (width / 2, height / 2)).astype(
        np.float32
    )
    view = cv2.getPerspectiveTransform(corners, placed)

    mask = cv2.warpPerspective(np.full((tall, wide), 255, np.uint8), view, (width, height))
    shift = np.array([[1, 0, random.uniform(6, 16)], [0, 1, random.uniform(6, 16)]], np.float32)
    shadow = cv2.GaussianBlur(cv2.warpAffine(mask, shift, (width, height)), (0, 0), 9).astype(np.float32) / 255
    photo = table * (1 - 0.55 * shadow[..., None])
    laid = cv2.warpPerspective(sheet, view, (width, height), flags=cv2.INTER_AREA).astype(np.float32)
    cover = mask[..., None].astype(np.float32) / 255
    photo = photo * (1 - cover) + laid * cover
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    light = 0.72 + 0.4 * (x * np.cos(spin * 5) / width + y / height * 0.6)
    return jpeg(_noisy(np.clip(photo * light[..., None], 0, 255).astype(np.uint8), random), random, 50, 85)


def _table(random: Generator) -> Picture:
    """Return wood or cloth: soft noise drawn out along the grain."""
    height, width = ROOM_PX
    grain = cloud(random, height, 64)
    long_grain = cv2.resize(grain[:, :32], (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    tint = random.uniform((90, 70, 50), (225, 205, 185)).astype(np.float32)
    wood = tint * (0.75 + 0.5 * long_grain.mean(axis=2, keepdims=True) / 255)
    return np.asarray(np.clip(wood, 0, 255), np.uint8)


def _handle(photo: Picture, at: tuple[int, int], china: NDArray[np.float32]) -> None:
    tone = (int(china[0] * 0.7), int(china[1] * 0.7), int(china[2] * 0.7))
    cv2.ellipse(photo, at, (80, 120), 0, 0, 360, tone, 34, cv2.LINE_AA)


def _noisy(photo: Picture, random: Generator) -> Picture:
    noise = random.normal(scale=5, size=photo.shape)
    return np.clip(photo + noise, 0, 255).astype(np.uint8)


PRODUCT_ATTACKS = (
    Attack("printed on mug", "hard", on_mug),
    Attack("photographed listing", "hard", listing),
)
