"""An image as a PNG file; a synthetic one says of itself what it is.

The mark is one that platforms read: IPTC's digital source type (https://cv.iptc.org/newscodes/digitalsourcetype) in an
XMP packet, where PNG keeps it, a text chunk named ``XML:com.adobe.xmp``. A plain text chunk beside it says which
synthesizer drew the image.
"""

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from augment.core.images import GREY, UInt8Array

XMP = "XML:com.adobe.xmp"
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""Media made by a model that was trained on what others captured."""
PACKET = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
   <Iptc4xmpExt:DigitalSourceType>{SOURCE_TYPE}</Iptc4xmpExt:DigitalSourceType>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""
ABOUT = "augment"
"""Name of the plain text chunk, JSON in ASCII."""


def png(pixels: UInt8Array, about: Mapping[str, Any] | None = None) -> bytes:
    """Encode an image.

    Args:
        pixels: uint8, C×H×W.
        about: Of a synthetic image, what drew it; it is marked then. Plain JSON values.
    """
    info = PngInfo()
    if about is not None:
        info.add_itxt(XMP, PACKET)
        info.add_text(ABOUT, json.dumps(dict(about)))
    channels = pixels.shape[0]
    array = pixels[0] if channels == GREY else np.ascontiguousarray(pixels.transpose(1, 2, 0))
    file = io.BytesIO()
    Image.fromarray(array).save(file, format="png", pnginfo=info)
    return file.getvalue()
