"""Pages and API of the context."""

from django.urls import path

from apps.media import api, delivery, transfer, views

app_name = "media"
urlpatterns = [
    path("pictures/", views.pictures, name="pictures"),
    path("pictures/upload", views.upload, name="upload"),
    path("pictures/download", views.download, name="download"),
    path("pictures/progress", views.progress, name="progress"),
    path("pictures/<uuid:asset_id>", views.picture, name="picture"),
    path("pictures/<uuid:asset_id>/original", views.original, name="original"),
    path("pictures/<uuid:asset_id>/retry", views.retry, name="retry"),
    path("pictures/<uuid:asset_id>/delete", views.delete, name="delete"),
    path("media/r/<path:name>", delivery.rendition, name="rendition"),
    path("media/transfer/<str:token>", transfer.transfer, name="transfer"),
    path("api/v1/media/assets", api.Assets.as_view(), name="api-assets"),
    path("api/v1/media/uploads", api.Uploads.as_view(), name="api-uploads"),
    path("api/v1/media/uploads/finish", api.FinishUpload.as_view(), name="api-finish-upload"),
    path("api/v1/media/assets/<uuid:asset_id>", api.OneAsset.as_view(), name="api-asset"),
    path("api/v1/media/assets/<uuid:asset_id>/original", api.OriginalFile.as_view(), name="api-original"),
    path("api/v1/media/assets/<uuid:asset_id>/retry", api.Retry.as_view(), name="api-retry"),
    path("api/v1/media/assets/<uuid:asset_id>/uses", api.Uses.as_view(), name="api-uses"),
]
