"""django-wiki: a wiki, with its own templates and its plugin for pictures."""

from django.urls import include, path

from tests.real_sites import stock
from tests.real_sites.servers import django_site


def main() -> None:
    """Make the wiki, write the articles, serve it."""
    folder, drawn = django_site.folders()
    django_site.make(
        folder,
        apps=("django_nyt.apps.DjangoNytConfig", "mptt", "sekizai", "sorl.thumbnail", "wiki.apps.WikiConfig",
              "wiki.plugins.attachments.apps.AttachmentsConfig", "wiki.plugins.images.apps.ImagesConfig",
              "wiki.plugins.macros.apps.MacrosConfig"),
        processors=("sekizai.context_processors.sekizai",),
    )  # fmt: skip
    from wiki.models import ArticleRevision, URLPath
    from wiki.plugins.images.models import Image, ImageRevision

    root = URLPath.create_root(title="Lantern wiki", content="[article_list depth:2]")
    for number, each in enumerate(stock.ARTICLES):
        made = URLPath.create_urlpath(root, f"a{number}", title=each.title, content=each.text)
        picture = Image(article=made.article)
        picture.add_revision(ImageRevision(image=django_site.opened(drawn, each.picture)), save=True)
        shown = f"{each.text}\n\n[image:{picture.id} size:medium]\n    {each.title}\n"
        made.article.add_revision(ArticleRevision(title=each.title, content=shown), save=True)
    django_site.serve([path("notifications/", include("django_nyt.urls")), path("", include("wiki.urls"))])


if __name__ == "__main__":
    main()
