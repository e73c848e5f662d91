"""django-machina: a forum, with its own templates."""

from datetime import datetime

from django.urls import include, path
from machina import MACHINA_MAIN_STATIC_DIR, MACHINA_MAIN_TEMPLATE_DIR

from tests.real_sites import stock
from tests.real_sites.servers import django_site

APPS = ("mptt", "haystack", "widget_tweaks", "machina", "machina.apps.forum", "machina.apps.forum_conversation",
        "machina.apps.forum_conversation.forum_attachments", "machina.apps.forum_conversation.forum_polls",
        "machina.apps.forum_feeds", "machina.apps.forum_moderation", "machina.apps.forum_search",
        "machina.apps.forum_tracking", "machina.apps.forum_member", "machina.apps.forum_permission")  # fmt: skip
READ = ("can_see_forum", "can_read_forum", "can_download_file")


def main() -> None:
    """Make the forum, post the topics, serve it."""
    folder, drawn = django_site.folders()
    django_site.make(
        folder,
        apps=APPS,
        templates=(MACHINA_MAIN_TEMPLATE_DIR,),
        processors=("machina.core.context_processors.metadata",),
        middleware=("machina.apps.forum_permission.middleware.ForumPermissionMiddleware",),
        STATICFILES_DIRS=(MACHINA_MAIN_STATIC_DIR,),
        CACHES={
            "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
            "machina_attachments": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        },
        HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
    )
    from django.apps import apps
    from django.contrib.auth.models import AnonymousUser, User
    from django.core.files.storage import default_storage
    from machina.apps.forum_permission.shortcuts import assign_perm

    model = apps.get_model
    forum = model("forum", "Forum").objects.create(name="Anime", type=0)
    for permission in READ:
        assign_perm(permission, AnonymousUser(), forum)
    for each in stock.POSTS:
        shown = default_storage.save(each.picture, django_site.opened(drawn, each.picture))
        poster = User.objects.create_user(each.author)
        topic = model("forum_conversation", "Topic").objects.create(
            forum=forum, poster=poster, subject=each.title, type=0, status=0
        )
        text = f"{each.text}\n\n![picture]({default_storage.url(shown)})"
        post = model("forum_conversation", "Post").objects.create(
            topic=topic, poster=poster, subject=each.title, content=text
        )
        posted = datetime.fromisoformat(each.posted)
        type(post).objects.filter(pk=post.pk).update(created=posted, updated=posted)
    django_site.serve([path("", include("machina.urls"))])


if __name__ == "__main__":
    main()
