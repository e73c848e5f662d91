"""django-photologue: a gallery of pictures, with its own templates inside a bare page."""

from django.urls import include, path

from tests.real_sites import stock
from tests.real_sites.servers import django_site

FRAME = "<!doctype html><html lang='ja'><head><title>{% block title %}{% endblock %}</title></head>\
<body>{% block content %}{% endblock %}</body></html>"  # photologue asks every site for a base.html of its own


def main() -> None:
    """Make the gallery, hang the photographs, serve it."""
    folder, drawn = django_site.folders()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "base.html").write_text(FRAME, "utf-8")
    django_site.make(folder, apps=("sortedm2m", "photologue"))
    from photologue.models import Gallery, Photo

    gallery = Gallery.objects.create(title="Drawings", slug="drawings")
    for number, each in enumerate(stock.PHOTOS):
        photo = Photo.objects.create(
            title=each.title, slug=f"p{number}", caption=each.text, image=django_site.opened(drawn, each.picture)
        )
        gallery.photos.add(photo)
    django_site.serve([path("", include("photologue.urls", namespace="photologue"))])


if __name__ == "__main__":
    main()
