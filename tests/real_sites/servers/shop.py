"""django-oscar: a shop, with its own templates untouched."""

import oscar
from django.core.management import call_command
from django.urls import include, path
from oscar import defaults

from tests.real_sites import stock
from tests.real_sites.servers import django_site


def main() -> None:
    """Make the shop, put the offers into it, serve it."""
    folder, drawn = django_site.folders()
    said = {name: getattr(defaults, name) for name in dir(defaults) if name.isupper()}
    django_site.make(
        folder,
        apps=(*oscar.INSTALLED_APPS, "sorl.thumbnail"),
        processors=("oscar.apps.search.context_processors.search_form",
                    "oscar.apps.checkout.context_processors.checkout",
                    "oscar.apps.communication.notifications.context_processors.notifications",
                    "oscar.core.context_processors.metadata"),
        middleware=("oscar.apps.basket.middleware.BasketMiddleware",),
        HAYSTACK_CONNECTIONS={
            "default": {"ENGINE": "haystack.backends.whoosh_backend.WhooshEngine", "PATH": str(folder / "search")}
        },
        **{**said, "OSCAR_DEFAULT_CURRENCY": "JPY", "OSCAR_SHOP_NAME": "Kiri Shop", "OSCAR_PRODUCTS_PER_PAGE": 2,
           "USE_THOUSAND_SEPARATOR": True},
    )  # fmt: skip
    from django.apps import apps  # models can be imported only once the settings are there

    model = apps.get_model
    kind = model("catalogue", "ProductClass").objects.create(name="Goods", track_stock=True)
    partner = model("partner", "Partner").objects.create(name="Kiri Shop")
    category = model("catalogue", "Category").add_root(name="Goods")
    for offer in stock.OFFERS:
        product = model("catalogue", "Product").objects.create(
            title=offer.title, product_class=kind, upc=offer.upc, description=offer.text
        )
        model("catalogue", "ProductCategory").objects.create(product=product, category=category)
        model("partner", "StockRecord").objects.create(
            product=product, partner=partner, partner_sku=offer.upc, price=offer.price, price_currency=offer.currency,
            num_in_stock=offer.in_stock,
        )  # fmt: skip
        for order, name in enumerate(offer.pictures):
            model("catalogue", "ProductImage").objects.create(
                product=product, original=django_site.opened(drawn, name), display_order=order
            )
    call_command("rebuild_index", interactive=False, verbosity=0)
    django_site.serve([
        path("i18n/", include("django.conf.urls.i18n")), path("", include(apps.get_app_config("oscar").urls[0])),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
